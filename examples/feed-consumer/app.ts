// The app: one stack with the construct and the consumer of its change feed.

import { App } from 'aws-cdk-lib';
import { ConsumerStack } from './consumer-stack.js';

new ConsumerStack(new App(), 'Consumer');
