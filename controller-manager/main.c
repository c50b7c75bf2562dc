/* SPDX-License-Identifier: Apache-2.0 */
/* kube-controller-manager's place: the list of controllers. */
#include "controller/daemon.h"
#include "controllers.h"

static const struct controller *const controllers[] = {
	&deployment_controller,
	&replicaset_controller,
	&garbage_collector,
	&namespace_controller,
	&node_lifecycle_controller,
	&taint_eviction_controller,
	NULL,
};

static void *make(struct rest *r, struct err *err)
{
	return controller_set_new(controllers, r, "controller-manager");
}

static void run(void *set)
{
	controller_set_start(set);
}

static bool synced(void *set)
{
	return controller_set_synced(set);
}

static void destroy(void *set)
{
	controller_set_free(set);
}

static const struct daemon daemon_def = {
	.name = "controller-manager",
	.summary = "Runs the controllers that make the cluster's state what objects ask for.",
	.port = "10257",
	.make = make,
	.run = run,
	.synced = synced,
	.destroy = destroy,
};

int main(int argc, char **argv)
{
	return daemon_main(&daemon_def, argc, argv);
}
