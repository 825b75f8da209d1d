// The few requests of Secrets Manager that the functions and the operators' tools send.

import { createServer, type Server } from 'node:http';

/** The secrets by their ARN; `put` keeps them where the local stack keeps its state. */
export interface LocalSecrets {
  get(arn: string): string | undefined;
  put(arn: string, value: string): void;
}

export function createSecretsManager(secrets: LocalSecrets): Server {
  return createServer(async (request, response) => {
    const reply = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const input = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      const arn = String(input.SecretId);
      const value = secrets.get(arn);
      if (value === undefined) return reply(400, { __type: 'ResourceNotFoundException', message: 'no such secret' });
      switch (request.headers['x-amz-target']) {
        case 'secretsmanager.GetSecretValue':
          return reply(200, { ARN: arn, Name: arn, SecretString: value });
        case 'secretsmanager.PutSecretValue':
          secrets.put(arn, String(input.SecretString));
          return reply(200, { ARN: arn, Name: arn });
        default:
          return reply(400, { __type: 'UnknownOperationException', message: 'not known to the local stack' });
      }
    } catch {
      return reply(400, { __type: 'SerializationException', message: 'not readable' });
    }
  });
}
