/** What other features may use of tracking. */
export { DecisionTokens, type Placed } from './decision-token.js';
