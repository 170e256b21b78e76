// Mutual TLS as clients meet it, by gRPC and by Connect: who is let in, who is not, and that a handler learns which
// clusters the client's certificate names.
import assert from 'node:assert/strict';
import { request as httpsRequest } from 'node:https';
import { before, describe, it, type TestContext } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, type ServiceImpl } from '@connectrpc/connect';
import { Client, credentials } from '@grpc/grpc-js';
import {
  ListOfferingsRequestSchema,
  ListOfferingsResponseSchema,
  OfferingService,
  SchedulerService,
} from '../../proto/index.ts';
import { peerOf } from '../call-context/index.ts';
import { type MutualTls, StartupError, startServer } from '../index.ts';
import { createAuthority, type TestAuthority, type TestCertificate } from '../testing/certificates.ts';
import {
  answer,
  CallError,
  endOf,
  rawGrpcCall,
  say,
  smallRegions,
  startTestServer,
  streamClient,
} from '../testing/index.ts';
import { addressText, startConnectServer, startGrpcServer } from '../transport/index.ts';
import { loadPeerReader, mayOpen } from './index.ts';

const { solve } = SchedulerService.method;
const { listOfferings } = OfferingService.method;

interface Answer {
  readonly status: number;
  readonly body: string;
}

describe('mutual TLS', () => {
  let authority: TestAuthority;
  let tls: MutualTls;
  const clients = new Map<string, TestCertificate>();

  before(async () => {
    authority = await createAuthority('ca');
    const stranger = await createAuthority('stranger');
    const { certificatePem, privateKeyPem } = await authority.issue();
    tls = { certificatePem, privateKeyPem, clientCaPem: authority.certificatePem };
    clients.set('blue', await authority.issue({ uris: ['spiffe://example.org/cluster/blue'] }));
    clients.set('nameless', await authority.issue());
    clients.set('unknown authority', await stranger.issue({ uris: ['spiffe://example.org/cluster/blue'] }));
    clients.set('expired', await authority.issue({ uris: ['spiffe://example.org/cluster/blue'], validDays: 0.5 }));
  });

  /** A gRPC client with a certificate, or without one. */
  const grpc = (address: string, name: string | undefined): Client => {
    const client = name === undefined ? undefined : clients.get(name);
    return new Client(
      address,
      client === undefined
        ? credentials.createSsl(authority.certificatePem)
        : credentials.createSsl(authority.certificatePem, client.privateKeyPem, client.certificatePem),
      { 'grpc.ssl_target_name_override': 'localhost' },
    );
  };

  const call = async (client: Client, method: Parameters<typeof rawGrpcCall>[1], bytes = Buffer.alloc(0)) => {
    try {
      return await rawGrpcCall(client, method, bytes, { timeoutMs: 5_000 });
    } finally {
      client.close();
    }
  };

  const post = (url: string, name: string | undefined, body = '{}'): Promise<Answer> => {
    const client = name === undefined ? undefined : clients.get(name);
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        url,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          ca: authority.certificatePem,
          servername: 'localhost',
          ...(client === undefined ? {} : { cert: client.certificatePem, key: client.privateKeyPem }),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (piece: string) => {
            text += piece;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  };

  const REFUSED: readonly (string | undefined)[] = ['unknown authority', 'expired', undefined];

  it('lets in by gRPC whoever the authority has signed, on any address, and nobody else', async (test) => {
    const server = await startServer({
      grpc: { host: '0.0.0.0', port: 0 },
      http: false,
      health: false,
      tls,
      workerCount: 1,
      regions: smallRegions,
    });
    test.after(() => server.close());
    const address = server.grpcAddress.replace('0.0.0.0', '127.0.0.1');
    assert.ok((await call(grpc(address, 'blue'), solve)).length > 0);
    assert.ok((await call(grpc(address, 'nameless'), solve)).length > 0);
    for (const client of [
      ...REFUSED.map((name) => grpc(address, name)),
      new Client(address, credentials.createInsecure()),
    ]) {
      await assert.rejects(
        call(client, solve),
        (error) => error instanceof CallError && error.code === Code.Unavailable,
      );
    }
  });

  it('lets in by Connect whoever the authority has signed, and nobody else', async (test) => {
    const server = await startTestServer({ tls });
    test.after(() => server.close());
    const url = `https://${server.httpAddress}/dovetail.v1.SchedulerService/Solve`;
    assert.equal((await post(url, 'blue')).status, 200);
    for (const name of REFUSED) await assert.rejects(post(url, name), String(name));
    await assert.rejects(fetch(`http://${server.httpAddress}/`));
  });

  it('takes no protocol older than TLS 1.2', async (test) => {
    const server = await startTestServer({ tls });
    test.after(() => server.close());
    const client = clients.get('blue')!;
    for (const address of [server.grpcAddress, server.httpAddress!]) {
      const [host, port] = address.split(':');
      const attempt = new Promise((resolve, reject) => {
        const socket = tlsConnect(
          {
            host: host!,
            port: Number(port),
            ca: authority.certificatePem,
            cert: client.certificatePem,
            key: client.privateKeyPem,
            servername: 'localhost',
            minVersion: 'TLSv1',
            maxVersion: 'TLSv1.1',
            ciphers: 'ALL:@SECLEVEL=0',
          },
          () => resolve(socket.end().getProtocol()),
        );
        socket.once('error', reject);
      });
      await assert.rejects(attempt, /alert|version|protocol|EPROTO/i);
    }
  });

  it('tells a handler which clusters the client may open', async (test) => {
    const peers = await probePeers(test, tls);
    const request = (cluster: string) => Buffer.from(toBinary(ListOfferingsRequestSchema, askAbout(cluster)));
    const byGrpc = async (name: string, cluster: string): Promise<boolean> => {
      const bytes = await call(grpc(peers.grpcAddress, name), listOfferings, request(cluster));
      return fromBinary(ListOfferingsResponseSchema, bytes).catalogueHash === 'may';
    };
    const byConnect = async (name: string, cluster: string): Promise<boolean> => {
      const url = `https://${peers.httpAddress}/dovetail.v1.OfferingService/ListOfferings`;
      const { body } = await post(url, name, JSON.stringify({ pageToken: cluster }));
      return (JSON.parse(body) as { catalogueHash: string }).catalogueHash === 'may';
    };
    for (const ask of [byGrpc, byConnect]) {
      assert.deepEqual(
        [await ask('blue', 'blue'), await ask('blue', 'green'), await ask('nameless', 'blue')],
        [true, false, false],
        ask.name,
      );
    }
  });

  it('opens sessions for the clusters that the certificate names, and a refusal ends nobody else', async (test) => {
    const server = await startTestServer({ tls });
    test.after(() => server.close());
    const address = { grpcAddress: server.grpcAddress.replace('127.0.0.1', 'localhost') };
    const streams = ['blue', 'nameless'].map((name) => {
      const { privateKeyPem, certificatePem } = clients.get(name)!;
      return streamClient(address, credentials.createSsl(authority.certificatePem, privateKeyPem, certificatePem));
    });
    test.after(() => {
      for (const client of streams) client.close();
    });
    const [blue, nameless] = streams as [(typeof streams)[number], (typeof streams)[number]];
    const own = blue.open(SchedulerService.method.session);
    say.open(own, 'blue', 1n);
    await answer(own, 'opened');
    for (const [client, cluster] of [
      [blue, 'green'],
      [nameless, 'blue'],
    ] as const) {
      const stream = client.open(SchedulerService.method.session);
      say.open(stream, cluster, 2n);
      const error = await endOf(stream);
      assert.deepEqual([error.code, error.field], [Code.PermissionDenied, 'open.cluster']);
    }
    // The session that is there goes on, although the one that was refused had a newer lease.
    say.snapshot(own, { nodePools: [{ name: 'default' }] }, 0, 1n);
    assert.equal((await answer(own, 'accepted')).version, 1n);
    own.endSending();
  });

  it('does not start with files that are no certificates, or do not fit together', async () => {
    const junk = Buffer.from('junk');
    const { privateKeyPem } = clients.get('blue')!;
    for (const [bad, text] of [
      [{ ...tls, certificatePem: junk }, /--tls-cert is no PEM certificate/],
      [{ ...tls, clientCaPem: junk }, /--tls-client-ca is no PEM certificate/],
      [{ ...tls, privateKeyPem: junk }, /--tls-key does not fit/],
      [{ ...tls, privateKeyPem }, /--tls-key does not fit/],
    ] as const) {
      await assert.rejects(
        startTestServer({ tls: bad }),
        (error) => error instanceof StartupError && text.test(error.message),
      );
    }
  });
});

function askAbout(cluster: string) {
  return { $typeName: ListOfferingsRequestSchema.typeName, requirements: [], pageSize: 0, pageToken: cluster };
}

/** Listeners whose ListOfferings says whether the caller may open the cluster that is its page token. */
async function probePeers(test: TestContext, tls: MutualTls) {
  const handlers = {
    listOfferings: (request: { readonly pageToken: string }, context: Parameters<typeof peerOf>[0]) => ({
      catalogueHash: mayOpen(request.pageToken, peerOf(context)) ? 'may' : 'may not',
    }),
  } as unknown as ServiceImpl<typeof OfferingService>;
  const observation = { peerOf: await loadPeerReader() };
  const parts = { services: [{ service: OfferingService, handlers }], tls, observation };
  const address = { host: '127.0.0.1', port: 0 };
  const listeners = [await startGrpcServer({ ...parts, address }), await startConnectServer({ ...parts, address })];
  test.after(() => Promise.all(listeners.map((listener) => listener.close())));
  const [grpcAddress = '', httpAddress = ''] = listeners.map((listener) => addressText(listener.address));
  return { grpcAddress, httpAddress };
}
