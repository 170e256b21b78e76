// Door of the test facts of engine/ec2, for tests of other folders.
export { M5_LARGE, M6G_LARGE, nodeClass } from './facts.ts';
