// Secrets Manager on this machine: the few requests that the functions and the operators' tools send.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

/** Secrets by their ARN. */
export interface LocalSecrets {
  get(arn: string): string | undefined;
  put(arn: string, value: string): void;
}

export interface SigningSecrets extends LocalSecrets {
  /** The valid signing secrets: those given at the start, then those that are stored. */
  list(): string[];
}

const FILE = 'signing-secrets.json';

export interface SecretsOptions {
  readonly signingSecretArn: string;
  /** What each secret of the template holds at first, by its ARN. */
  readonly initial: ReadonlyMap<string, string>;
  /** Keeps the signing secrets between runs; no other secret is kept. */
  readonly stateFolder: string | undefined;
  /** Signing secrets that are valid in addition to the stored ones. */
  readonly given: readonly string[];
}

export function openSecrets({ signingSecretArn, initial, stateFolder, given }: SecretsOptions): SigningSecrets {
  const file = stateFolder && join(stateFolder, FILE);
  const others = new Map(initial);
  let stored = parse(file && existsSync(file) ? readFileSync(file, 'utf8') : '');
  const store = (secrets: readonly string[]) => {
    if (file) {
      writeFileSync(`${file}.new`, JSON.stringify({ signingSecrets: secrets }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
    stored = secrets;
  };
  if (!stored) store([`whsec_${randomBytes(24).toString('hex')}`]);
  const list = () => [...new Set([...given, ...stored!])];
  return {
    list,
    get: (arn) => (arn === signingSecretArn ? JSON.stringify({ signingSecrets: list() }) : others.get(arn)),
    put(arn, value) {
      if (arn === signingSecretArn) store(parse(value) ?? []);
      else others.set(arn, value);
    },
  };
}

function parse(value: string): readonly string[] | undefined {
  try {
    const { signingSecrets } = JSON.parse(value);
    return Array.isArray(signingSecrets) ? signingSecrets.map(String) : undefined;
  } catch {
    return undefined;
  }
}

export function createSecretsManager(secrets: LocalSecrets): Server {
  return createServer(async (request, response) => {
    const reply = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
      const { SecretId, SecretString } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      reply(...answer(secrets, String(request.headers['x-amz-target']), String(SecretId), SecretString));
    } catch (error) {
      if (error instanceof SyntaxError) reply(400, { __type: 'SerializationException', message: 'not readable' });
      else reply(500, { __type: 'InternalServiceError', message: 'the secret could not be kept: is the disk full?' });
    }
  });
}

function answer(secrets: LocalSecrets, target: string, arn: string, given: unknown): [status: number, body: object] {
  switch (target) {
    case 'secretsmanager.GetSecretValue': {
      const value = secrets.get(arn);
      if (value === undefined) return [400, { __type: 'ResourceNotFoundException', message: 'no such secret' }];
      return [200, { ARN: arn, Name: arn, SecretString: value }];
    }
    case 'secretsmanager.PutSecretValue':
      secrets.put(arn, String(given));
      return [200, { ARN: arn, Name: arn }];
    default:
      return [400, { __type: 'UnknownOperationException', message: 'not known to the local stack' }];
  }
}
