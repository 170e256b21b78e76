// Descriptors for gRPC reflection, from those that protobuf-es carries: what a stock grpcurl needs to list, describe and
// call.
import { type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/** Adds reflection (v1 and v1alpha) of these services to a server. */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const files = new Map<string, DescFile>();
  const collect = (file: DescFile): void => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    for (const dependency of file.dependencies) collect(dependency);
  };
  for (const service of services) collect(service.file);
  const fileDescriptorProtos = Array.from(files.values(), (file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  // The library wants a package as proto-loader makes it and reads nothing of it but these bytes.
  const definition = { descriptors: { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos } };
  new ReflectionService(definition as unknown as ConstructorParameters<typeof ReflectionService>[0], {
    services: services.map((service) => service.typeName),
  }).addToServer(server);
}
