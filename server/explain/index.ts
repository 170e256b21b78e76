// The door of server/explain: what a request asks to have explained, and explanations as the contract's messages. The
// explaining itself is done by workers (engine/explain).

export { writeNodeExplanations, writePodExplanations } from './response.ts';
export { checkPlannedNodes, type PreparedScope, prepareScope } from './scope.ts';
