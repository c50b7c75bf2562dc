/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of a container, and $(VAR) expansion (kubernetes third_party/forked/golang/expansion;
 * kubelet makeEnvironmentVariables).
 *
 * Order: envFrom, then env, where a value may refer to what came before and to the service variables; then
 * the service variables that are not overridden. Pure: ConfigMaps and Secrets come through a lookup. One
 * thread.
 */
#ifndef POD_ENV_H
#define POD_ENV_H

#include "base/map.h"
#include "pod/spec.h"
#include "runtime/runtime.h"

#define ENV_MAX_BYTES (1 << 20) /* all expanded text of one container */

/* Value of a variable, NULL when unknown. */
typedef const char *env_lookup(void *arg, const char *name);
/* $(NAME) -> value, $$ -> $, unknown and malformed references stay as they are. */
void env_expand(struct buf *out, const char *s, env_lookup *lookup, void *arg); /* for tests */

struct env_context {
	const struct pod *pod;
	const struct container_spec *c;
	const char *node_name, *host_ip;
	const char *pod_ips[RUNTIME_IPS_MAX]; /* NULL or "" = none */
	int64_t allocatable_cpu_milli, allocatable_memory, allocatable_storage;
	/* The object, borrowed; NULL when it does not exist. */
	const js *(*object)(void *arg, bool secret, const char *name);
	void *arg;
	const struct runtime_kv *services; /* service variables */
	size_t n_services;
};

struct container_env {
	struct runtime_kv *kv; /* in the arena */
	size_t n;
	const char *const *command, *const *args; /* expanded; NULL = not given */
	const char *const *sub_paths; /* per volume mount: subPath, or subPathExpr expanded; "" = none */
};
/* Everything returned lives in `a`. The message of a failure is what CreateContainerConfigError shows. */
int env_build(struct arena *a, const struct env_context *ctx, struct container_env *ret,
	      struct err *err) MUST_CHECK;

/* Appends the value of a fieldRef: one path of the Pod's own fields, or all its labels or annotations, KEY="VALUE" in lines. */
int env_field(struct buf *out, const struct env_context *ctx, const char *path, struct err *err) MUST_CHECK;
/* Appends the value of a resourceFieldRef, rounded up to its divisor. A missing limit is what the node has; a missing
   request is nothing. */
int env_resource(struct buf *out, const struct env_context *ctx, const struct env_var *e,
		 struct err *err) MUST_CHECK;

#endif
