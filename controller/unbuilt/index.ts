// The door of controller/unbuilt: the condition about fields that nothing carries out yet.
export { noteUnbuilt } from './unbuilt.ts';
