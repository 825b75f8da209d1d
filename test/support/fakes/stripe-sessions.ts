// What `stripe listen` talks to: Stripe's API for sessions, and the WebSocket by which Stripe then sends events.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { sign } from '../builders/sign.js';

/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface StripeSessions {
  /** For `--api-base`. */
  readonly url: string;
  /** Sends an event to the CLI that is connected, signed with the session's secret. */
  send(event: object): void;
  readonly isConnected: () => boolean;
  stop(): void;
}

/** @param secret the signing secret that the CLI prints */
export async function startStripeSessions(secret: string): Promise<StripeSessions> {
  let socket: Socket | undefined;
  const server = createServer((request, response) => {
    request.resume();
    const { port } = server.address() as AddressInfo;
    const session = {
      id: 'clisess_1',
      websocket_id: 'cliws_1',
      websocket_url: `ws://127.0.0.1:${port}/subscribe`,
      websocket_authorized_feature: 'webhooks',
      default_version: '2025-03-31.basil',
      latest_version: '2025-03-31.basil',
      reconnect_delay: 60,
      secret,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(session));
  });
  server.on('upgrade', (request, opened: Socket) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}${WEBSOCKET_GUID}`)
      .digest('base64');
    opened.write(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${accept}`,
        `Sec-WebSocket-Protocol: ${request.headers['sec-websocket-protocol']}`,
        '\r\n',
      ].join('\r\n'),
    );
    opened.on('error', () => {});
    opened.resume();
    socket = opened;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isConnected: () => socket !== undefined,
    send(event) {
      const event_payload = JSON.stringify(event);
      const message = {
        type: 'webhook_event',
        webhook_id: 'wh_1',
        webhook_conversation_id: 'wc_1',
        event_payload,
        http_headers: { 'Content-Type': 'application/json', 'Stripe-Signature': sign(event_payload, secret) },
        endpoint: { api_version: null },
      };
      socket!.write(textFrame(JSON.stringify(message)));
    },
    stop() {
      socket?.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** One unmasked frame of up to 65,535 bytes (RFC 6455, 5.2). */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([0x81, 126, 0, 0]);
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}
