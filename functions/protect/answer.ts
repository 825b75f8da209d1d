// Tells CloudFormation how its request ended. Until it knows, the deployment waits.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html

import type { CloudFormationCustomResourceEvent } from 'aws-lambda';

/** CloudFormation accepts 4,096 bytes in all. */
const LONGEST_REASON = 1000;
const ATTEMPTS = 3;
const PAUSE_MILLISECONDS = 500;
const TIMEOUT_MILLISECONDS = 10_000;

/** @param failure why the request failed; without it, it succeeded @throws {Error} if the answer could not be delivered */
export async function answer(request: CloudFormationCustomResourceEvent, failure?: string): Promise<void> {
  const body = JSON.stringify({
    Status: failure === undefined ? 'SUCCESS' : 'FAILED',
    Reason: failure?.slice(0, LONGEST_REASON) ?? '',
    // Always the same: another one would tell CloudFormation that the resource was replaced.
    PhysicalResourceId: 'PhysicalResourceId' in request ? request.PhysicalResourceId : request.LogicalResourceId,
    StackId: request.StackId,
    RequestId: request.RequestId,
    LogicalResourceId: request.LogicalResourceId,
  });
  for (let attempt = 1; ; attempt++) {
    const refusal = await put(request.ResponseURL, body);
    if (refusal === undefined) return;
    // The URL is a secret, so it is not in the message.
    if (attempt === ATTEMPTS) throw new Error(`CloudFormation could not be answered: ${refusal}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
}

async function put(url: string, body: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
    // The URL is signed for a request without a content type.
    const response = await fetch(url, { method: 'PUT', body, headers: { 'content-type': '' }, signal });
    return response.ok ? undefined : `status ${response.status}`;
  } catch (error) {
    return (error as Error).name;
  }
}
