/** The member of the demo with broad interests and all consents, for whom a match gives messages at any hour. */
export const DEMO_MEMBER = 'demo-member-1';
