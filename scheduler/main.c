/* SPDX-License-Identifier: Apache-2.0 */
/* kube-scheduler's place: the daemon's row. */
#include "controller/daemon.h"
#include "plugins/table.h"
#include "scheduler.h"

static void *make(struct rest *r, struct err *err)
{
	return scheduler_new(r, &plugin_default_profile);
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
}

static const struct daemon daemon_def = {
	.name = "scheduler",
	.summary = "Binds Pods that wait for a node to the node that suits them best.",
	.port = "10259",
	.make = make,
	.run = run,
	.synced = synced,
	.destroy = destroy,
};

int main(int argc, char **argv)
{
	return daemon_main(&daemon_def, argc, argv);
}
