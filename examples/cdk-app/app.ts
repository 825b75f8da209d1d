// The app: one stack with the construct and the function that reads its tables.

import { App } from 'aws-cdk-lib';
import { PayoutsStack } from './payouts-stack.js';

new PayoutsStack(new App(), 'Payouts');
