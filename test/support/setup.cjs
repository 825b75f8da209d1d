// Silences the AWS SDK's warning about Node 20.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
// `npm run check` validates the template; doing so in every test would take minutes.
process.env.CDK_VALIDATION = 'false';
