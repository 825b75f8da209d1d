// The AWS SDK's word on Node 20 is not what a test's output should open with.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
