// Errors as an operator sees them: each is a sentence that says what to do next.

/** A check failed, or a service returned an error (exit code 1), or the command was used wrongly (exit code 2). */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}

interface Explanation {
  readonly message: string;
  readonly exitCode: 1 | 2;
}

/** The sentence for anything that a command threw; never a secret, a body or a stack trace. */
export function explain(error: unknown): Explanation {
  if (error instanceof OperatorError) return error;
  const { type, name, message = '', code } = error as { type?: string; name?: string; message?: string; code?: string };
  const known = SENTENCES[type ?? name ?? ''];
  if (known) return { message: known(message), exitCode: 1 };
  if (/region is missing/i.test(message)) {
    return { message: 'No AWS region is set: set AWS_REGION, for example AWS_REGION=eu-west-1.', exitCode: 2 };
  }
  if (code === 'ECONNREFUSED')
    return { message: 'Connection refused: is the local stack running (`npm start`)?', exitCode: 1 };
  return { message: `${name ?? 'Error'}: ${message || String(error)}`, exitCode: 1 };
}

const SENTENCES: Readonly<Record<string, (message: string) => string>> = {
  StripeAuthenticationError: () => 'Stripe does not accept this API key: check STRIPE_API_KEY.',
  StripePermissionError: (message) =>
    `The API key lacks a permission: ${permissionIn(message)}. Edit the restricted key in Stripe, under Developers › API keys.`,
  StripeRateLimitError: () => 'Stripe is still rate limiting: try again later. Progress is saved.',
  StripeConnectionError: () => 'Stripe did not answer: check the network and try again. Progress is saved.',
  StripeAPIError: () => 'Stripe had an internal error: try again later. Progress is saved.',
  CredentialsProviderError: () => 'No AWS credentials were found: sign in, or set AWS_PROFILE.',
  AccessDeniedException: () => ACCESS_DENIED,
  AccessDenied: () => ACCESS_DENIED,
  ResourceNotFoundException: () => NOT_FOUND,
  QueueDoesNotExist: () => NOT_FOUND,
};

const ACCESS_DENIED =
  'Your AWS credentials do not allow this: use a role that may read and write this stack’s resources.';
const NOT_FOUND =
  'A table, queue or secret does not exist: check --stage or --stack-name, the names given, and the AWS region.';

/** Stripe names the permission in its message: `… Having the 'rak_event_read' permission would allow …`. */
function permissionIn(message: string): string {
  return /'?(rak_\w+)'?/.exec(message)?.[1] ?? 'Stripe does not say which one';
}
