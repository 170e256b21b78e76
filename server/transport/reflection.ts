// Descriptors for gRPC reflection, from those that protobuf-es carries: what a stock grpcurl needs to list, describe and
// call.
import { type DescFile, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/** A service as proto-loader makes it, as far as it carries descriptors. */
type LoadedService = Readonly<
  Record<string, { readonly requestType: { readonly fileDescriptorProtos: Uint8Array[] } }>
>;

/**
 * Adds reflection (v1 and v1alpha) of these services to a server. `standard` are services that come with libraries, made
 * by proto-loader, by their full names.
 */
export function addReflection(
  server: Server,
  services: readonly DescService[],
  standard: Readonly<Record<string, LoadedService>>,
): void {
  const files = new Map<string, DescFile>();
  const collect = (file: DescFile): void => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    for (const dependency of file.dependencies) collect(dependency);
  };
  for (const service of services) collect(service.file);
  const fileDescriptorProtos: Uint8Array[] = Array.from(files.values(), (file) =>
    toBinary(FileDescriptorProtoSchema, file.proto),
  );
  for (const definition of Object.values(standard)) {
    const distinct = new Set(Object.values(definition).flatMap((method) => method.requestType.fileDescriptorProtos));
    for (const bytes of distinct) fileDescriptorProtos.push(repairMapEntries(bytes));
  }
  // The library wants a package as proto-loader makes it and reads nothing of it but these bytes.
  const definition = { descriptors: { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos } };
  new ReflectionService(definition as unknown as ConstructorParameters<typeof ReflectionService>[0], {
    services: [...services.map((service) => service.typeName), ...Object.keys(standard)],
  }).addToServer(server);
}

/**
 * The descriptor with its map entries named as protoc names them (`statuses` has `StatusesEntry`): proto-loader names
 * them after the field, and Go's protobuf refuses the whole file for it.
 */
function repairMapEntries(bytes: Uint8Array): Uint8Array {
  const file = fromBinary(FileDescriptorProtoSchema, bytes);
  for (const message of file.messageType) {
    for (const entry of message.nestedType) {
      const field = message.field.find((each) => each.typeName === entry.name);
      if (entry.options?.mapEntry !== true || field === undefined) continue;
      entry.name = `${protoCamelCase(field.name)}Entry`;
      field.typeName = entry.name;
    }
  }
  return toBinary(FileDescriptorProtoSchema, file);
}

function protoCamelCase(name: string): string {
  return name.replace(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
