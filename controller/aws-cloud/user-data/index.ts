// The door of controller/aws-cloud/user-data: what an instance is told when it starts, by image family. Pure.
export {
  type ImageFamily,
  type JoinedCluster,
  type KubeletSettings,
  type Taint,
  UserDataError,
  type UserDataInput,
} from './input.ts';
export { renderUserData } from './render.ts';
