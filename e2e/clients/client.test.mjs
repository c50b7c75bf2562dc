// SPDX-License-Identifier: Apache-2.0
// The JavaScript client, unmodified: typed calls, watches and its informer, errors, patches, custom objects.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as k8s from '@kubernetes/client-node';

const guard = 1000 * Number(process.env.GUARD ?? 100);
const kc = new k8s.KubeConfig();
kc.loadFromDefault();
const core = kc.makeApiClient(k8s.CoreV1Api);
const apps = kc.makeApiClient(k8s.AppsV1Api);
const namespace = 'node-' + randomUUID().slice(0, 8);

before(() => core.createNamespace({ body: { metadata: { name: namespace } } }));
after(() => core.deleteNamespace({ name: namespace }));

const map = (name, data, labels) => ({ metadata: { name, labels }, data });
const deployment = (name, replicas) => ({
	metadata: { name },
	spec: {
		replicas,
		selector: { matchLabels: { app: name } },
		template: { metadata: { labels: { app: name } }, spec: { nodeSelector: { type: 'fake' }, containers: [{ name: 'main', image: 'localhost/x:1' }] } },
	},
});

// An informer that ends with the test, whatever becomes of that.
async function informing(t, path, list, selector) {
	const informer = k8s.makeInformer(kc, path, list, selector);
	t.after(() => informer.stop());
	await informer.start();
	return informer;
}

// Resolves with the first answer of `look` that is true, asked at every event.
function until(informer, look) {
	return new Promise((resolve, reject) => {
		const late = setTimeout(() => reject(new Error('never: ' + look)), guard);
		const see = () => {
			const seen = look(informer.list());
			if (seen) clearTimeout(late), resolve(seen);
		};
		for (const e of ['add', 'update', 'delete']) informer.on(e, see);
		see();
	});
}

test('create, read, replace, delete', async () => {
	await core.createNamespacedConfigMap({ namespace, body: map('a', { k: 'v' }) });
	const got = await core.readNamespacedConfigMap({ namespace, name: 'a' });
	assert.deepEqual(got.data, { k: 'v' });
	assert.ok(got.metadata.creationTimestamp instanceof Date);
	got.data.k = 'w';
	await core.replaceNamespacedConfigMap({ namespace, name: 'a', body: got });
	await assert.rejects(core.replaceNamespacedConfigMap({ namespace, name: 'a', body: got }), { code: 409 });
	await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
	await assert.rejects(core.readNamespacedConfigMap({ namespace, name: 'a' }), { code: 404 });
});

test('errors carry a Status', async () => {
	await assert.rejects(apps.createNamespacedDeployment({ namespace, body: deployment('Bad_Name', -1) }), (e) => {
		const status = typeof e.body === 'string' ? JSON.parse(e.body) : e.body;
		assert.equal(e.code, 422);
		assert.equal(status.reason, 'Invalid');
		assert.ok(status.details.causes.some((c) => c.field === 'spec.replicas'));
		return true;
	});
});

test('lists in pages and by selectors', async () => {
	for (let i = 0; i < 5; i++) await core.createNamespacedConfigMap({ namespace, body: map('page' + i, {}, { page: String(i % 2) }) });
	const names = [];
	let page = { metadata: {} };
	do {
		page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'page', limit: 2, _continue: page.metadata._continue });
		names.push(...page.items.map((c) => c.metadata.name));
	} while (page.metadata._continue);
	assert.deepEqual(names, ['page0', 'page1', 'page2', 'page3', 'page4']);
	assert.equal((await core.listNamespacedConfigMap({ namespace, labelSelector: 'page in (1)' })).items.length, 2);
});

test('patches: merge, strategic, JSON, server-side apply', async () => {
	const objects = k8s.KubernetesObjectApi.makeApiClient(kc);
	const base = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'patched', namespace } };
	await apps.createNamespacedDeployment({ namespace, body: deployment('patched', 0) });
	const patch = (body, type, ...rest) => objects.patch({ ...base, ...body }, undefined, undefined, ...rest, type);
	const side = { spec: { template: { spec: { containers: [{ name: 'side', image: 'x' }] } } } };
	let got = await patch(side, k8s.PatchStrategy.StrategicMergePatch, undefined, undefined);
	assert.deepEqual(got.spec.template.spec.containers.map((c) => c.name).sort(), ['main', 'side']);
	got = await patch({ spec: { paused: true } }, k8s.PatchStrategy.MergePatch, undefined, undefined);
	assert.equal(got.spec.paused, true);
	got = await patch({ spec: { replicas: 3 } }, k8s.PatchStrategy.ServerSideApply, 'js', true);
	assert.ok(got.metadata.managedFields.some((m) => m.manager === 'js' && m.operation === 'Apply'));
});

test('a watch tells what happens', async () => {
	const events = [];
	const seen = new Promise((resolve, reject) => {
		const late = setTimeout(() => reject(new Error('no event')), guard);
		new k8s.Watch(kc)
			.watch(
				`/api/v1/namespaces/${namespace}/configmaps`,
				{ fieldSelector: 'metadata.name=watched', allowWatchBookmarks: true },
				(type, object) => {
					if (type === 'BOOKMARK') return;
					events.push([type, object.data?.k]);
					if (type === 'DELETED') clearTimeout(late), resolve();
				},
				(err) => err && err.name !== 'AbortError' && reject(err),
			)
			.then((request) => seen.finally(() => request.abort()).catch(() => {}))
			.catch(reject);
	});
	await core.createNamespacedConfigMap({ namespace, body: map('watched', { k: '1' }) });
	const got = await core.readNamespacedConfigMap({ namespace, name: 'watched' });
	got.data.k = '2';
	await core.replaceNamespacedConfigMap({ namespace, name: 'watched', body: got });
	await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
	await seen;
	assert.deepEqual(events.at(-1), ['DELETED', '2']);
	assert.deepEqual(events.map((e) => e[1]), events.length === 3 ? ['1', '2', '2'] : events.map((e) => e[1]));
});

test('its informer follows a Deployment', async (t) => {
	const pods = await informing(t, `/api/v1/namespaces/${namespace}/pods`, () => core.listNamespacedPod({ namespace, labelSelector: 'app=inform' }), 'app=inform');
	await apps.createNamespacedDeployment({ namespace, body: deployment('inform', 2) });
	await until(pods, (list) => list.length === 2 && list.every((p) => p.status.phase === 'Running'));
	const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'inform' });
	scale.spec.replicas = 1;
	delete scale.metadata.resourceVersion; // its controller writes meanwhile
	await apps.replaceNamespacedDeploymentScale({ namespace, name: 'inform', body: scale });
	await until(pods, (list) => list.length === 1);
	await apps.deleteNamespacedDeployment({ namespace, name: 'inform' });
	await until(pods, (list) => list.length === 0);
});

test('custom objects', async (t) => {
	const group = namespace + '.coracle.test';
	const crds = kc.makeApiClient(k8s.ApiextensionsV1Api);
	const objects = kc.makeApiClient(k8s.CustomObjectsApi);
	const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { n: { type: 'integer', _default: 5, maximum: 9 } } } } } };
	await crds.createCustomResourceDefinition({
		body: { metadata: { name: 'rafts.' + group }, spec: { group, scope: 'Namespaced', names: { plural: 'rafts', kind: 'Raft' }, versions: [{ name: 'v1', served: true, storage: true, schema }] } },
	});
	const established = await informing(t, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', () => crds.listCustomResourceDefinition());
	await until(established, (list) => list.some((c) => c.spec.group === group && c.status?.conditions?.some((x) => x.type === 'Established' && x.status === 'True')));
	const body = (name, n) => ({ apiVersion: group + '/v1', kind: 'Raft', metadata: { name }, spec: { n } });
	const got = await objects.createNamespacedCustomObject({ group, version: 'v1', namespace, plural: 'rafts', body: body('a') });
	assert.equal(got.spec.n, 5);
	await assert.rejects(objects.createNamespacedCustomObject({ group, version: 'v1', namespace, plural: 'rafts', body: body('b', 10) }), { code: 422 });
	await crds.deleteCustomResourceDefinition({ name: 'rafts.' + group });
});

test('the version and every group are found', async () => {
	const version = await kc.makeApiClient(k8s.VersionApi).getCode();
	assert.equal(version.minor, '34');
	const groups = await kc.makeApiClient(k8s.ApisApi).getAPIVersions();
	const names = groups.groups.map((g) => g.name);
	for (const g of ['apps', 'batch', 'policy', 'autoscaling', 'networking.k8s.io', 'rbac.authorization.k8s.io', 'storage.k8s.io']) assert.ok(names.includes(g), g);
});
