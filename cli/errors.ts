// What can go wrong for an operator, each as a sentence that says what to do next.

/** Something in the world is not as it must be (exit code 1). */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  constructor(
    message: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}

/** The sentence for whatever a command threw; never a secret, a body or a stack trace. */
export function explain(error: unknown): { readonly message: string; readonly exitCode: 1 | 2 } {
  if (error instanceof OperatorError) return error;
  const { type, name, message, code } = error as { type?: string; name?: string; message?: string; code?: string };
  const say = (text: string) => ({ message: text, exitCode: 1 as const });
  switch (type ?? name) {
    case 'StripeAuthenticationError':
      return say('Stripe does not know this API key: check STRIPE_API_KEY.');
    case 'StripePermissionError':
      return say(
        `The API key lacks a permission: ${permissionIn(message)}. Edit the restricted key in Stripe, under Developers › API keys.`,
      );
    case 'StripeRateLimitError':
      return say('Stripe still says that there are too many requests: try again later; what was done is kept.');
    case 'StripeConnectionError':
      return say(
        'Stripe cannot be reached, or does not answer: check the network and try again; what was done is kept.',
      );
    case 'StripeAPIError':
      return say('Stripe has a fault of its own: try again later; what was done is kept.');
    case 'CredentialsProviderError':
      return say('There are no AWS credentials: sign in, or set AWS_PROFILE.');
    case 'AccessDeniedException':
    case 'AccessDenied':
      return say(`AWS does not allow this with your credentials (${name}).`);
    case 'ResourceNotFoundException':
    case 'QueueDoesNotExist':
      return say('A table, queue or secret of that name is not there: check --stage, or the names given.');
    default:
      if (code === 'ECONNREFUSED') return say('Nothing answers there: is the local stack running (`npm start`)?');
      return say(`${name ?? 'Error'}: ${message ?? String(error)}`);
  }
}

/** Stripe names the permission in its message: `… Having the 'rak_event_read' permission would allow …`. */
function permissionIn(message = ''): string {
  return /'?(rak_\w+)'?/.exec(message)?.[1] ?? 'Stripe does not say which';
}
