/* SPDX-License-Identifier: Apache-2.0 */
/* Any object that the API server might send as a Pod: decoded, admitted, taken over, written as a status, its
   environment and files built. The API server validates; the agent must survive one that does not. */
#include <assert.h>
#include <stdlib.h>

#include "pod/admit.h"
#include "pod/env.h"
#include "pod/hostfiles.h"
#include "credential/keyring.h"
#include "pod/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const js *object(void *arg, bool secret, const char *name)
{
	return arg;
}

static void use(const struct pod *p, const js *o)
{
	static const struct runtime_list nothing = {0};
	const char *ips[RUNTIME_IPS_MAX] = {"10.0.0.1", ""};
	const struct admit_node n = {.name = "n", .allocatable = {.pods = 110}};
	const struct status_node sn = {"1.2.3.4", "x"};
	const struct hostfiles_dns dns = {"10.96.0.10", "cluster.local", "search a\nnameserver 1.1.1.1\n"};
	const struct instant now = {NS_PER_S, NS_PER_S};
	autobuf struct buf b = BUF_INIT;
	autojson js *old = pod_field(p->status), *st = NULL, *patch = NULL;
	char reason[ADMIT_REASON_MAX];
	struct machine m;
	struct status_known known;
	machine_init(&m, p, now);
	machine_adopt(&m, old, &nothing, now);
	machine_step(&m, now);
	status_known_read(&known, old);
	st = status_build(&m, &sn, &known, now.wall_ns);
	patch = status_patch(&known, &m, &sn, now.wall_ns, &known);
	machine_release(&m);
	(void)admit_check(&n, p, reason, &b);
	hostfiles_hosts(&b, p, ips, "cluster.local", "");
	hostfiles_resolv(&b, p, &dns);
	for (size_t i = 0; i < p->list.n; i++) {
		autoarena struct arena a = ARENA_INIT;
		struct err err = ERR_INIT;
		struct container_env env;
		struct env_context ctx = {.pod = p,
					  .c = &p->list.v[i],
					  .node_name = "n",
					  .host_ip = "1.2.3.4",
					  .pod_ips = {"10.0.0.1"},
					  .object = object,
					  .arg = (void *)o};
		(void)!env_build(&a, &ctx, &env, &err);
	}
	struct keyring *secrets = NULL;
	struct runtime_auth *auths;
	keyring_add_secret(&secrets, o);
	(void)keyring_find(secrets, "a.b/c:d", &auths);
	free(auths);
	keyring_free(secrets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	autojson js *o = js_parse((const char *)data, size, NULL, &err);
	if (!js_is_obj(o))
		return 0;
	struct pod *p = decode_new(pod_type.rows, (const char *)data, size, &err);
	if (p && pod_type.keep(p))
		use(p, o);
	free(p);
	return 0;
}
