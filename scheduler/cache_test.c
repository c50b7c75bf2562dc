/* SPDX-License-Identifier: Apache-2.0 */
/* Cache, node states and the snapshot: sums follow Pods, only what changed is taken over, and a snapshot stays as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "cache.h"
#include "make_test.h"

struct cluster {
	struct sched_cache cache;
	struct snapshot snapshot;
};

static int setup(void **state)
{
	struct cluster *u = MEM_NEW(struct cluster);
	cache_init(&u->cache);
	snapshot_init(&u->snapshot);
	*state = u;
	return 0;
}

static int teardown(void **state)
{
	struct cluster *u = *state;
	snapshot_release(&u->snapshot);
	cache_release(&u->cache);
	free(u);
	return 0;
}

static void set_node(struct cluster *u, const char *name, const char *zone)
{
	autofree char *yaml = mem_printf(
		"metadata: {name: %s, labels: {zone: %s}}\nstatus: {allocatable: {cpu: 8, pods: 9}, "
		"images: [{names: ['img-%s'], sizeBytes: 1}]}",
		name, zone, zone);
	const struct sched_node *n = make_node(yaml);
	cache_set_node(&u->cache, name, n);
	informer_unref(n);
}

static void place(struct cluster *u, const char *uid, const char *node, const char *affinity)
{
	autofree char *yaml = mem_printf(
		"metadata: {name: p, uid: %s, namespace: d, labels: {last: '%c'}}\nspec: {nodeName: %s, %scontainers: [{name: c, ports: "
		"[{hostPort: 9}], resources: {requests: {cpu: 1, example.com/gpu: 1}}}]}",
		uid, uid[strlen(uid) - 1], node, affinity);
	const struct sched_pod *p = make_pod(yaml);
	cache_place(&u->cache, p, node, false);
	informer_unref(p);
}

static const struct node_state *seen(struct cluster *u, const char *name)
{
	cache_update_snapshot(&u->cache, &u->snapshot);
	return snapshot_node(&u->snapshot, name);
}

static void test_sums_follow_pods(void **state)
{
	struct cluster *u = *state;
	set_node(u, "a", "z1");
	place(u, "u1", "a", "");
	place(u, "u1", "a", ""); /* the same again changes nothing */
	const struct node_state *n = seen(u, "a");
	assert_int_equal(n->used.cpu_milli, 1000);
	assert_int_equal(n->used.pods, 1);
	assert_int_equal(n->n_with_ports, 1);
	assert_int_equal(resources_scalar(&n->used, "example.com/gpu"), 1);
	cache_set_node(&u->cache, "a", NULL);
	assert_null(seen(u, "a"));
	assert_int_equal(u->snapshot.n_nodes, 0);
	set_node(u, "a", "z1"); /* the Pod was still there */
	assert_int_equal(seen(u, "a")->used.cpu_milli, 1000);
	cache_remove(&u->cache, "u1");
	n = seen(u, "a");
	assert_int_equal(n->used.cpu_milli, 0);
	assert_int_equal(n->n_with_ports, 0);
	assert_int_equal(n->nonzero_memory, 0);
	assert_int_equal(n->n_pods, 0);
}

static void test_a_pod_that_moves(void **state)
{
	struct cluster *u = *state;
	set_node(u, "a", "z1");
	set_node(u, "b", "z1");
	place(u, "u1", "a", "");
	place(u, "u1", "b", "");
	assert_int_equal(seen(u, "a")->n_pods, 0);
	assert_int_equal(seen(u, "b")->n_pods, 1);
	const struct sched_pod *p = seen(u, "b")->pods[0];
	cache_place(&u->cache, p, "b", true);
	assert_true(cache_assumed(&u->cache, "u1"));
	cache_place(&u->cache, p, "b", false);
	assert_false(cache_assumed(&u->cache, "u1"));
	assert_false(cache_assumed(&u->cache, "nobody"));
}

/* What a search holds does not change under it, and what did not change is not copied. */
static void test_a_snapshot_stays_as_it_was(void **state)
{
	struct cluster *u = *state;
	set_node(u, "a", "z1");
	set_node(u, "b", "z1");
	const struct node_state *a = seen(u, "a"), *b = seen(u, "b");
	place(u, "u1", "a", "");
	place(u, "u2", "a", "");
	assert_int_equal(a->n_pods, 0);
	assert_int_equal(a->used.cpu_milli, 0);
	const struct node_state *held = node_state_ref(a);
	assert_int_equal(seen(u, "a")->n_pods, 2);
	assert_ptr_not_equal(seen(u, "a"), held);
	assert_ptr_equal(seen(u, "b"), b);
	assert_int_equal(held->n_pods, 0);
	node_state_unref(held);
}

static void test_only_changed_nodes_are_looked_at(void **state)
{
	struct cluster *u = *state;
	char name[16];
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		set_node(u, name, "z1");
	}
	seen(u, "n0");
	place(u, "u1", "n50", "");
	/* Behind the first node that has not changed nobody looks: an old one there is not taken over. */
	assert_int_equal(seen(u, "n50")->n_pods, 1);
	uint64_t generation = u->snapshot.generation;
	seen(u, "n50");
	assert_true(u->snapshot.generation == generation);
}

static void test_nodes_that_go_leave_no_hole(void **state)
{
	struct cluster *u = *state;
	char name[16];
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		set_node(u, name, i % 2 ? "odd" : "even");
	}
	const struct topology *t = (seen(u, "n0"), snapshot_topology(&u->snapshot, "zone"));
	for (int i = 0; i < 20; i += 3) {
		snprintf(name, sizeof(name), "n%d", i);
		cache_set_node(&u->cache, name, NULL);
	}
	assert_int_equal((seen(u, "n1"), u->snapshot.n_nodes), 13);
	assert_int_equal(map_len(&u->cache.nodes), 13);
	assert_int_equal(u->cache.n_nodes, 13);
	size_t odd = 0;
	for (size_t i = 0; i < u->snapshot.n_nodes; i++) {
		const struct node_state *n = u->snapshot.nodes[i];
		assert_int_equal(n->index, i);
		assert_ptr_equal(snapshot_node(&u->snapshot, node_state_name(n)), n);
		assert_int_equal(topology_domain(t, i),
				 topology_find(t, labels_get(n->node->base.meta.labels, "zone")));
		odd += topology_domain(t, i) == topology_find(t, "odd");
	}
	assert_int_equal(topology_nodes(t, topology_find(t, "odd")), odd);
	assert_int_equal(topology_nodes(t, topology_find(t, "even")), 13 - odd);
	assert_int_equal(topology_domain(t, 13), TOPOLOGY_NONE);
	assert_int_equal(snapshot_image_nodes(&u->snapshot, "img-odd"), odd);
	assert_int_equal(snapshot_image_nodes(&u->snapshot, "none"), 0);
}

/* Each different term once, whoever has it, with the places of the Pods that do; a node that moves takes them along. */
static void test_terms_follow_pods(void **state)
{
#define ANTI(key)                                                                                            \
	"affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: " key   \
	"}]}}, "
#define SOME                                                                                                 \
	"affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 5, podAffinityTerm: {topologyKey: k}}]}}, "
	struct cluster *u = *state;
	const struct term_index *x = &u->snapshot.terms;
	set_node(u, "a", "z1");
	set_node(u, "b", "z1");
	place(u, "p1", "a", "");
	place(u, "s1", "a", SOME);
	place(u, "x1", "a", ANTI("k"));
	place(u, "x2", "b", ANTI("k"));
	place(u, "x3", "b", ANTI("k"));
	place(u, "x4", "b", ANTI("other"));
	size_t b = seen(u, "b")->index;
	assert_int_equal(x->n[TERM_REQUIRED_ANTI], 2);
	assert_int_equal(x->n[TERM_PREFERRED], 1);
	assert_int_equal(x->role[TERM_PREFERRED][0]->weight, 5);
	const struct term_group *g = x->role[TERM_REQUIRED_ANTI][0];
	assert_string_equal(g->term->topology_key, "k");
	assert_int_equal(g->n, 2);
	assert_int_equal(g->v[b].count, 2);
	cache_set_node(&u->cache, "a", NULL); /* b takes its place */
	assert_int_equal(seen(u, "b")->index, 0);
	assert_int_equal(g->n, 1);
	assert_int_equal(g->v[0].place, 0);
	assert_int_equal(x->n[TERM_PREFERRED], 0);
	cache_remove(&u->cache, "x2");
	cache_remove(&u->cache, "x4");
	seen(u, "b");
	assert_int_equal(x->n[TERM_REQUIRED_ANTI], 1);
	assert_int_equal(g->v[0].count, 1);
	cache_remove(&u->cache, "x3");
	seen(u, "b");
	assert_int_equal(x->n[TERM_REQUIRED_ANTI], 0);
	assert_int_equal(map_len(&x->by_text), 0);
}

static uint32_t sum(struct cluster *u, const struct pod_query *q)
{
	const uint32_t *counts = snapshot_count(&u->snapshot, q);
	uint32_t n = 0;
	for (size_t i = 0; i < u->snapshot.n_nodes; i++) {
		uint32_t want = 0;
		for (size_t k = 0; k < u->snapshot.nodes[i]->n_pods; k++)
			want += pod_query_counts(q, u->snapshot.nodes[i]->pods[k]);
		assert_int_equal(counts[i], want);
		n += want;
	}
	return n;
}

/* Random changes: the snapshot is always what the cache says, and sums are those of the Pods. */
static void test_snapshot_equals_cache_after_any_changes(void **state)
{
	struct cluster *u = *state;
	unsigned seed = 7;
	autoarena struct arena a = ARENA_INIT;
	struct pod_query_term t[2] = {0};
	pod_query_in(&t[0], (const char *const[]){"d"}, 1, &a);
	pod_query_label(&t[0], "last", "1", &a);
	t[1].all_namespaces = true;
	for (int round = 0; round < 3000; round++) {
		char node[8], uid[8];
		seed = seed * 1103515245 + 12345;
		snprintf(node, sizeof(node), "n%u", seed >> 8 & 7);
		snprintf(uid, sizeof(uid), "u%u", seed >> 12 & 15);
		switch (seed >> 20 & 3) {
		case 0:
			set_node(u, node, seed >> 24 & 1 ? "z1" : "z2");
			break;
		case 1:
			cache_set_node(&u->cache, node, NULL);
			break;
		case 2:
			place(u, uid, node, seed >> 24 & 1 ? "" : SOME);
			break;
		case 3:
			cache_remove(&u->cache, uid);
			break;
		}
		if (seed >> 26 & 3)
			continue;
		cache_update_snapshot(&u->cache, &u->snapshot);
		assert_int_equal(u->snapshot.n_nodes, u->cache.n_nodes);
		size_t pods = 0;
		for (size_t i = 0; i < u->snapshot.n_nodes; i++) {
			const struct node_state *n = u->snapshot.nodes[i];
			assert_int_equal(n->used.cpu_milli, 1000 * n->n_pods);
			assert_int_equal(n->n_with_ports, n->n_pods);
			pods += n->n_pods;
		}
		assert_true(pods <= map_len(&u->cache.pods));
		assert_int_equal(sum(u, &(struct pod_query){.terms = &t[1], .n = 1}), pods);
		assert_true(sum(u, &(struct pod_query){.terms = &t[0], .n = 1, .living = true}) <= pods);
		assert_int_equal(u->snapshot.tallies.n, 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums_follow_pods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_pod_that_moves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_snapshot_stays_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_changed_nodes_are_looked_at, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nodes_that_go_leave_no_hole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terms_follow_pods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshot_equals_cache_after_any_changes, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
