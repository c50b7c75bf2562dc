/* SPDX-License-Identifier: Apache-2.0 */
/* For tests with workers on a loop: a host of one Pod whose containers are pretended. */
#ifndef POD_HOST_TEST_H
#define POD_HOST_TEST_H

#include <stdlib.h>

#include "pod/worker.h"
#include "runtime/fake.h"

struct host_exit {
	struct pod_host *h;
	char id[RUNTIME_ID_MAX];
};

static inline void host_exit_posted(void *arg)
{
	struct host_exit *e = arg;
	worker_ended(e->h, e->id);
	free(e);
}

/* The runtime's on_exit; arg: the host. */
static inline void host_on_exit(void *arg, const char *id)
{
	struct host_exit *e = MEM_NEW(struct host_exit);
	e->h = arg;
	memcpy(e->id, id, strlen(id) + 1);
	loop_post(e->h->loop, host_exit_posted, e);
}

static inline void host_start(struct pod_host *h, struct loop *l, struct rest *client, struct fake_world *w,
			      const char *root)
{
	struct err err = ERR_INIT;
	*h = (struct pod_host){
		.loop = l,
		.api = api_new(client, 2),
		.root = root,
		.cluster_domain = "cluster.local",
		.cluster_dns = "",
		.host_ip = "1.2.3.4",
		.simulated = true,
		.node = {.name = "n1",
			 .allocatable = {
				 .cpu_milli = 1000, .memory = 1 << 30, .ephemeral = 1 << 30, .pods = 1}}};
	h->config = config_cache_new(client, false);
	h->rt = fake_new(w, "10.100.0.0/24", host_on_exit, h, &err);
	assert_non_null(h->rt);
}

/* When no worker is left and nobody runs the loop any more. */
static inline void host_stop(struct pod_host *h)
{
	assert_int_equal(map_len(&h->workers), 0);
	config_cache_free(h->config);
	api_free(h->api);
	h->rt->ops->free(h->rt);
	map_release(&h->workers);
	map_release(&h->ids);
}

#endif
