import { describe, expect, it } from 'vitest';
import { mayMake, mayMakeIn } from '../src/cluster/references/makers.ts';
import { clusterOf, resourceOf } from './in-memory.ts';

const database = (name: string, namespace = 'shop') =>
  resourceOf({ apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', metadata: { name, namespace } });
const secret = (name: string, scope = 'shop') => ({ group: '', kind: 'Secret', scope, name });

describe('who may make what holds its name', () => {
  it('is told by whole words, in the same namespace', () => {
    const [orders, eu] = [database('orders'), database('orders.eu')];
    const cluster = clusterOf([orders, eu]);
    const makers = (name: string, scope?: string) => mayMake(cluster, secret(name, scope));
    expect(makers('orders')).toBe(orders);
    expect(makers('app-orders-superuser')).toBe(orders);
    expect(makers('app-orders-eu-rw')).toBe(orders);
    expect(makers('reorders-app')).toBe(undefined);
    expect(makers('eu-orders2')).toBe(undefined);
    expect(makers('orders-app', 'infra')).toBe(undefined);
  });

  it('is another one than the one that asks', () => {
    const [orders, eu] = [database('orders'), database('orders-eu')];
    expect(mayMake(clusterOf([orders, eu]), secret('orders-eu-app'), orders)).toBe(eu);
    expect(mayMake(clusterOf([orders]), secret('orders-eu-app'), orders)).toBe(undefined);
  });

  it('is nobody for what is too long to be a name', () => {
    const cluster = clusterOf([database(Array(100).fill('a').join('-'))]);
    expect(mayMake(cluster, secret(Array(100_000).fill('a').join('-')))).toBe(undefined);
  });

  it('is asked for a whole namespace, too', () => {
    const orders = database('orders');
    const cluster = clusterOf([orders]);
    expect(mayMakeIn(cluster, 'shop')).toBe(orders);
    expect(mayMakeIn(cluster, 'infra')).toBe(undefined);
  });
});
