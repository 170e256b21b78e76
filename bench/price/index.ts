// The door of prices: what plans cost beside Karpenter's, problem by problem.
export { reportPrices } from './run.ts';
