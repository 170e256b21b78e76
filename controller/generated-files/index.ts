// The door of controller/generated-files.
export { generateFiles } from './generate-files.ts';
