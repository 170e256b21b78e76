// Descriptors for gRPC reflection, from those that protobuf-es carries: what a stock grpcurl needs to list, describe and
// call.
import { type DescFile, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { handleBidiStreamingCall, Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/** A service as proto-loader makes it, as far as it carries descriptors. */
type LoadedService = Readonly<
  Record<string, { readonly requestType: { readonly fileDescriptorProtos: Uint8Array[] } }>
>;

/** What the library registers: methods with their codecs, and their handlers. */
interface Registered {
  readonly methods: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

type Handler = handleBidiStreamingCall<unknown, unknown>;

/** The versions of the protocol, both of one method, by the full names of their services. */
const REFLECTION_SERVICES = [
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
] as const;
const METHOD = 'ServerReflectionInfo';

/**
 * Adds reflection (v1 and v1alpha) of these services to a server. `standard` are services that come with libraries, made
 * by proto-loader, by their full names. The descriptors are put together for the first call: few servers are ever asked,
 * and it takes a third of the time to start.
 */
export function addReflection(
  server: Server,
  services: readonly DescService[],
  standard: Readonly<Record<string, LoadedService>>,
): void {
  let made: ReadonlyMap<string, Registered> | undefined;
  for (const name of REFLECTION_SERVICES) {
    const path = `/${name}/${METHOD}`;
    const registered = (): Registered => {
      made ??= makeReflection(services, standard);
      return made.get(path)!;
    };
    const method = (): ServiceDefinition[string] => registered().methods[METHOD]!;
    server.addService(
      {
        [METHOD]: {
          path,
          requestStream: true,
          responseStream: true,
          requestSerialize: (value: unknown) => method().requestSerialize(value),
          requestDeserialize: (bytes) => method().requestDeserialize(bytes),
          responseSerialize: (value: unknown) => method().responseSerialize(value),
          responseDeserialize: (bytes) => method().responseDeserialize(bytes),
        },
      },
      { [METHOD]: ((call) => (registered().handlers[METHOD] as Handler)(call)) as Handler },
    );
  }
}

/** What the library would register with a server, by the paths of its methods. */
function makeReflection(
  services: readonly DescService[],
  standard: Readonly<Record<string, LoadedService>>,
): ReadonlyMap<string, Registered> {
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
  const reflection = new ReflectionService(
    definition as unknown as ConstructorParameters<typeof ReflectionService>[0],
    {
      services: [...services.map((service) => service.typeName), ...Object.keys(standard)],
    },
  );
  const made = new Map<string, Registered>();
  reflection.addToServer({
    addService: (methods, handlers) => {
      for (const { path } of Object.values(methods)) made.set(path, { methods, handlers });
    },
  });
  return made;
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
