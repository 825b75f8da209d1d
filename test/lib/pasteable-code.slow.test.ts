// The CDK code in the docs can be pasted: it compiles under strict settings, and synthesizes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';

const ROOT = join(__dirname, '..', '..');
// Inside the repository, so that packages are found.
const folder = mkdtempSync(join(__dirname, 'pasted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function codeIn(page: string): string[] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
}

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      CDK_OUTDIR: join(folder, 'cdk.out'),
      TSX_TSCONFIG_PATH: join(folder, 'tsconfig.json'),
    },
  });
  return { status, output: `${stdout}${stderr}` };
}

function compile() {
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: { paths: { 'stripe-partner-sync': ['../../../lib/stripe-partner-sync.ts'] } },
    include: ['app.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  expect(run(tsc, '--project', folder)).toEqual({ status: 0, output: '' });
}

test('docs/deploy.md: the construct in your own CDK app compiles and synthesizes', () => {
  const [code] = codeIn('deploy.md');
  writeFileSync(join(folder, 'app.ts'), code!);
  compile();
  const { status, output } = run('--import', 'tsx', join(folder, 'app.ts'));
  expect({ status, output }).toEqual({ status: 0, output: '' });
}, 120_000);

test('docs/security.md: CloudFront with WAF compiles and synthesizes', () => {
  const [code] = codeIn('security.md');
  const app = `
const app = new App();
new WebhookShield(app, 'shield', {
  env: { region: 'us-east-1' },
  webhookUrl: 'https://abc123.execute-api.eu-west-1.amazonaws.com/stripe/webhook',
  stripeAddresses: ['3.18.12.63'],
});
process.stdout.write(JSON.stringify(app.synth().getStackByName('shield').template));
`;
  writeFileSync(join(folder, 'app.ts'), `import { App } from 'aws-cdk-lib';\n${code}${app}`);
  compile();

  const { output } = run('--import', 'tsx', join(folder, 'app.ts'));
  const resources: { Type: string; Properties: Record<string, never> }[] = Object.values(JSON.parse(output).Resources);
  const only = (type: string) => resources.find(({ Type }) => Type === type)!.Properties as Record<string, unknown>;
  expect(only('AWS::WAFv2::IPSet')).toMatchObject({ Scope: 'CLOUDFRONT', Addresses: ['3.18.12.63/32'] });
  expect(only('AWS::WAFv2::WebACL')).toMatchObject({
    DefaultAction: { Block: {} },
    Rules: [{ Action: { Allow: {} } }],
  });
  const { DistributionConfig } = only('AWS::CloudFront::Distribution');
  expect(DistributionConfig).toMatchObject({
    WebACLId: { 'Fn::GetAtt': [expect.any(String), 'Arn'] },
    Origins: [{ DomainName: 'abc123.execute-api.eu-west-1.amazonaws.com' }],
    DefaultCacheBehavior: { AllowedMethods: expect.arrayContaining(['POST']) },
  });
}, 120_000);
