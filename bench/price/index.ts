// The door of prices: what plans cost beside Karpenter's, problem by problem.
export { OBJECTIVES, type ObjectiveName } from './costs.ts';
export { reportPrices } from './run.ts';
