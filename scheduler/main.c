/* SPDX-License-Identifier: Apache-2.0 */
/* kube-scheduler's place: the daemon's row. */
#include "client/tls.h"
#include "config/config.h"
#include "controller/daemon.h"
#include "plugins/table.h"
#include "scheduler.h"
#include "serve/health.h"

static const char *config_file;
static struct sched_config *config;

static const struct flag flags[] = {
	{"config", FLAG_STRING, &config_file, "",
	 "Path to a KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1.", 0, 0},
	{0},
};

/* They are read and judged, but nobody calls them yet: a cluster that counts on one would place Pods where it says no. */
static int refuse_extenders(const struct sched_config *c, struct err *err)
{
	for (size_t i = 0; i < c->n_extenders; i++) {
		const struct sched_extender *e = &c->extenders[i];

		if (*e->filter || *e->prioritize || *e->bind || *e->preempt) {
			err_set(err, REASON_INVALID,
				"extenders[%zu]: Forbidden: extenders are not called yet; without a verb their managedResources count",
				i);
			return -1;
		}
	}
	return 0;
}

static int load(struct daemon_options *o, struct err *err)
{
	autobuf struct buf text = BUF_INIT;

	if (!*config_file) {
		config = config_default(&plugin_default_profile);
		return 0;
	}
	if (tls_read_file(config_file, CONFIG_MAX, &text, err) < 0)
		return err_wrap(err, "--config");
	config = config_parse(buf_str(&text), text.len, &plugin_default_profile, err);
	if (!config || refuse_extenders(config, err) < 0)
		return err_wrap(err, "--config");
	if (!*o->kubeconfig)
		o->kubeconfig = config->kubeconfig;
	/* Flags that are given come first. */
	if (!o->said_lease) {
		o->elect = o->elect && config->leader_elect;
		o->lease_namespace = config->lease_namespace;
		o->lease_name = config->lease_name;
	}
	return 0;
}

static void write_config(void *arg, const char *query, struct buf *out)
{
	autojson js *o = js_new_obj();

	js_set(o, "kubescheduler.config.k8s.io", js_dup(config->told));
	js_write(out, o);
}

static void *make(struct rest *r, struct err *err)
{
	health_add_page("/configz", "application/json", write_config, NULL);
	return scheduler_new(r, config);
}

static void run(void *s)
{
	scheduler_run(s);
}

static bool synced(void *s)
{
	return scheduler_synced(s);
}

static void destroy(void *s)
{
	scheduler_free(s);
	config_free(STEAL(config));
}

static const struct daemon daemon_def = {
	.name = "scheduler",
	.summary = "Binds Pods that wait for a node to the node that suits them best.",
	.port = "10259",
	.flags = flags,
	.configure = load,
	.make = make,
	.run = run,
	.synced = synced,
	.destroy = destroy,
};

int main(int argc, char **argv)
{
	return daemon_main(&daemon_def, argc, argv);
}
