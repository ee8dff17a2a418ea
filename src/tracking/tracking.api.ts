/** What other features may use of tracking. */
export { DecisionTokens, type Placed } from './decision-token.js';
export { CONVERSION_WINDOW_MS } from './verified-event.js';
