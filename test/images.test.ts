import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RANDOM_VALUE } from '../src/cluster/unknown.ts';
import { effectiveTag, imagePlaceholders, parseImage } from '../src/cluster/workload/images.ts';
import imageReferenceInvalid from '../src/rules/image/image-reference-invalid.ts';
import imageTagLatest from '../src/rules/image/image-tag-latest.ts';
import { clusterOf, type Manifest } from './in-memory.ts';

const HEX = '0123456789abcdef'.repeat(8);
const SHA256 = `sha256:${HEX.slice(0, 64)}`;
const MUST_BE_LOWER = (name: string) => `invalid reference format: repository name (${name}) must be lowercase`;

describe('an image reference', () => {
  // What ParseNormalizedNamed of distribution/reference 0.6.0 makes of each.
  it.each<[string, string, string | undefined, string | undefined]>([
    ['redis', 'docker.io/library/redis', undefined, undefined],
    ['redis:7', 'docker.io/library/redis', '7', undefined],
    ['docker.io/redis', 'docker.io/library/redis', undefined, undefined],
    ['index.docker.io/redis', 'docker.io/library/redis', undefined, undefined],
    ['bitnami/redis', 'docker.io/bitnami/redis', undefined, undefined],
    ['localhost/app', 'localhost/app', undefined, undefined],
    ['localhost:5000/app:1', 'localhost:5000/app', '1', undefined],
    ['registry.example.com:5000/team/app', 'registry.example.com:5000/team/app', undefined, undefined],
    ['[::1]:5000/app', '[::1]:5000/app', undefined, undefined],
    ['LOCALDOMAIN/app', 'LOCALDOMAIN/app', undefined, undefined],
    ['MyRegistry.example.com/app:V1_2.3-x', 'MyRegistry.example.com/app', 'V1_2.3-x', undefined],
    ['my_registry.io/app', 'my_registry.io/app', undefined, undefined],
    ['a__b/c--d.e_f', 'docker.io/a__b/c--d.e_f', undefined, undefined],
    [`app@${SHA256}`, 'docker.io/library/app', undefined, SHA256],
    [`app:1@${SHA256}`, 'docker.io/library/app', '1', SHA256],
    [`app@sha512:${HEX}`, 'docker.io/library/app', undefined, `sha512:${HEX}`],
    [`app:${'t'.repeat(128)}`, 'docker.io/library/app', 't'.repeat(128), undefined],
    [`registry.example.com/${'x'.repeat(255)}`, `registry.example.com/${'x'.repeat(255)}`, undefined, undefined],
  ])('%s is read', (image, name, tag, digest) => {
    expect(parseImage(image)).toEqual({ name, tag, digest });
  });

  it.each<[string, string]>([
    ['', 'invalid reference format'],
    [' ', 'invalid reference format'],
    ['app:', 'invalid reference format'],
    ['app:-1', 'invalid reference format'],
    ['app:a:b', 'invalid reference format'],
    [`app:${'t'.repeat(129)}`, 'invalid reference format'],
    ['app:${TAG}', 'invalid reference format'],
    ['https://ghcr.io/acme/app', 'invalid reference format'],
    ['ghcr.io/acme//app', 'invalid reference format'],
    ['ghcr.io/acme/', 'invalid reference format'],
    ['acme/-app', 'invalid reference format'],
    ['acme/a..b', 'invalid reference format'],
    ['acme/a___b', 'invalid reference format'],
    ['-registry.io/app', 'invalid reference format'],
    ['registry.io-/app', 'invalid reference format'],
    ['registry.io:port/app', 'invalid reference format'],
    ['app@', 'invalid reference format'],
    ['app@sha256:xyz', 'invalid reference format'],
    [`app@sha256:${HEX.slice(0, 63)}`, 'invalid checksum digest length'],
    [`app@sha256:${HEX.slice(0, 64).toUpperCase()}`, 'invalid checksum digest format'],
    [`app@SHA256:${HEX.slice(0, 64)}`, MUST_BE_LOWER('library/app@SHA256')],
    [`app:1@SHA256:${HEX.slice(0, 64)}`, 'invalid checksum digest format'],
    [`app@md5:${HEX.slice(0, 32)}`, 'unsupported digest algorithm'],
    [`app@sha256+b64:${HEX.slice(0, 40)}`, 'unsupported digest algorithm'],
    ['App', MUST_BE_LOWER('library/App')],
    ['acme/App:1', MUST_BE_LOWER('acme/App')],
    ['ghcr.io/Acme/app', MUST_BE_LOWER('Acme/app')],
    ['docker.io/App', MUST_BE_LOWER('library/App')],
    ['My_Registry/app', 'repository name must be lowercase'],
    [`app/${'x'.repeat(252)}`, 'repository name must not be more than 255 characters'],
    [HEX.slice(0, 64), `invalid repository name (${HEX.slice(0, 64)}), cannot specify 64-byte hexadecimal strings`],
  ])('%s is refused', (image, invalid) => {
    expect(parseImage(image)).toEqual({ invalid });
  });

  it('is read in time that grows with its length only', () => {
    const long = (part: string) => part.repeat(100_000);
    const started = performance.now();
    for (const part of [
      'a',
      'a.',
      'a-',
      '-',
      '.',
      '_',
      '/',
      ':',
      '@',
      'a/',
      ':1',
      '${',
      '<',
      '%a',
      '{{',
      '@a',
      '[',
      '#{',
    ]) {
      for (const image of [
        `${long(part)}!`,
        `${long(part)}/app!`,
        `x.y/${long(part)}!`,
        `app:${long(part)}!`,
        `app@${long(part)}!`,
      ]) {
        parseImage(image);
        imagePlaceholders(image);
      }
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('is latest without tag or digest', () => {
    const tags = ['app', 'app:latest', 'app:1', `app:latest@${SHA256}`, `app@${SHA256}`].map((image) => {
      const reference = parseImage(image);
      return 'invalid' in reference ? reference : effectiveTag(reference);
    });
    expect(tags).toEqual(['latest', 'latest', '1', undefined, undefined]);
  });
});

describe('placeholders in an image', () => {
  it.each<[string, { text: string; tokens: string[] }[]]>([
    ['app:1', []],
    ['app:__TAG__', []],
    ['app:${TAG}', [{ text: '${TAG}', tokens: ['TAG'] }]],
    ['app:${TAG:-latest}', [{ text: '${TAG:-latest}', tokens: ['TAG'] }]],
    ['app:$TAG', [{ text: '$TAG', tokens: ['TAG'] }]],
    ['app:$(Build.BuildId)', [{ text: '$(Build.BuildId)', tokens: ['Build'] }]],
    [
      '{{ registry }}/app:{{ .Values.tag }}',
      [
        { text: '{{ registry }}', tokens: ['registry'] },
        { text: '{{ .Values.tag }}', tokens: ['Values', 'tag'] },
      ],
    ],
    ['app:<app-tag>', [{ text: '<app-tag>', tokens: ['app-tag'] }]],
    ['app:%TAG%', [{ text: '%TAG%', tokens: ['TAG'] }]],
    ['app:#{TAG}#', [{ text: '#{TAG}#', tokens: ['TAG'] }]],
    ['app:@TAG@', [{ text: '@TAG@', tokens: ['TAG'] }]],
    ['app:[TAG]', [{ text: '[TAG]', tokens: ['TAG'] }]],
    ['app:{TAG}', [{ text: '{TAG}', tokens: ['TAG'] }]],
    ['app:${}', []],
    ['app:<>', []],
  ])('%s', (image, placeholders) => {
    expect(imagePlaceholders(image)).toEqual(placeholders);
  });
});

/** What both rules say of one image, with the names that something in the repository fills in. */
function said(image: unknown, substituted: readonly string[] = [], container: Manifest = {}): unknown[] {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { containers: [{ image, ...container }] },
  };
  const cluster = Object.assign(clusterOf([pod]), { substitutes: (token: string) => substituted.includes(token) });
  return [...imageReferenceInvalid.check(cluster), ...imageTagLatest.check(cluster)].map(({ message, path }) => [
    message,
    path,
  ]);
}

describe('the rules on images', () => {
  const path = ['spec', 'containers', 0, 'image'];

  it('wait for what fills in a placeholder', () => {
    const left =
      'image "app:${TAG}" still holds ${TAG}, which nothing in the repository substitutes: the kubelet refuses it (InvalidImageName)';
    expect(said('app:${TAG}')).toEqual([[left, path]]);
    expect(said('app:${TAG}', ['TAG'])).toEqual([]);
    expect(said('${REGISTRY}/app:${TAG}', ['TAG'])).toEqual([]);
    expect(said('app:{{ .Values.tag }}', ['tag'])).toEqual([]);
  });

  it('know nothing of secrets, random values and what is replaced as a whole', () => {
    for (const image of [
      `app:${RANDOM_VALUE}`,
      'app:<path:a/b#c>',
      'ENC[AES256_GCM,data:x]',
      'ko://example.com/Cmd',
      '  ',
      '',
      'WEB_IMAGE',
      'acme/__WEB_IMAGE__',
    ]) {
      expect([image, said(image)]).toEqual([image, []]);
    }
    expect(said('acme/WEB')).toHaveLength(1);
    expect(said('app:ENC[x]')).toHaveLength(1);
  });

  it('cut what nobody could read', () => {
    const [[message = ''] = []] = said(`acme/${'X'.repeat(100_000)}`) as string[][];
    expect(message.length).toBeLessThan(800);
  });

  it('survive every shape, and never both speak of one image', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.jsonValue()), fc.jsonValue(), (image, imagePullPolicy) => {
        expect(said(image, [], { imagePullPolicy }).length).toBeLessThan(2);
      }),
    );
    const odd = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'web' } };
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (containers, initContainers) => {
        const cluster = clusterOf([
          { ...odd, spec: { template: { spec: { containers: [containers], initContainers } } } },
        ]);
        expect(() => [...imageReferenceInvalid.check(cluster), ...imageTagLatest.check(cluster)]).not.toThrow();
      }),
    );
  });
});
