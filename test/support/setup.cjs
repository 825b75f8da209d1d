// The AWS SDK's word on Node 20 is not what a test's output should open with.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
// The template is looked at by CloudFormation's rules in `npm run check`; doing so in every test would take minutes.
process.env.CDK_VALIDATION = 'false';
