/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1: the file of --config, read strictly (what is not known is
 * an error that names it), defaulted and validated as upstream does. Any thread.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "framework.h"
#include "object/json.h"

#define CONFIG_MAX ((size_t)1 << 20) /* bytes of the file */
#define CONFIG_PROFILES_MAX 32

struct sched_extender {
	const char *url, *filter, *prioritize, *bind, *preempt; /* verbs; "" = it does not */
	int64_t weight, timeout_ns;
	bool cache_capable, ignorable;
	const char *const *resources; /* it is asked about Pods that want one of them; none: about all */
	size_t n_resources;
	const char *const *unchecked; /* of those, what NodeResourcesFit leaves to it */
	size_t n_unchecked;
};

struct sched_config {
	struct framework *profiles;
	size_t n_profiles;
	int64_t backoff_initial_s, backoff_max_s;
	bool leader_elect;
	const char *lease_namespace, *lease_name, *kubeconfig; /* kubeconfig "" = not said */
	struct sched_extender *extenders;
	size_t n_extenders;
	js *told; /* with its defaults, for /configz */
	/* inside */
	struct arena arena;
};

/* Without a file: one profile, all of plugins/. */
struct sched_config *config_default(const struct framework *plugins);
/* YAML or JSON. plugins: what a profile may name, borrowed. NULL with every fault that was found in one message. */
struct sched_config *config_parse(const char *text, size_t n, const struct framework *plugins,
				  struct err *err) MUST_CHECK;
void config_free(struct sched_config *c);

#endif
