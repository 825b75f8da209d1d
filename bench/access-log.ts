// What the webhook's access log takes: a line in the format of the template, about a request that was answered as usual.

import { apiStageOf } from '../local/api-stage.js';
import type { Template } from '../local/template.js';

/** What API Gateway knows about such a request; it writes a hyphen for what it does not have, such as an error. */
const REQUEST = { status: 200, responseLatency: 35, responseLength: 17 };

/** Bytes of a line, with its end. */
export function accessLogBytes(template: Template): number {
  return Buffer.byteLength(apiStageOf(template).accessLogLine(REQUEST) ?? '') + 1;
}
