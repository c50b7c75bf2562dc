/* SPDX-License-Identifier: Apache-2.0 */
/* kube-controller-manager's place: the list of controllers, flags, leader election, start and stop. */
#include <stdio.h>
#include <stdlib.h>
#include "base/flags.h"
#include "base/log.h"
#include "base/thread.h"
#include "serve/health.h"
#include "controller/leader.h"
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

static const char *kubeconfig, *bind_address, *lease_namespace, *lease_name;
static int port;
static bool elect;

static const struct flag flags[] = {
	{"kubeconfig", FLAG_STRING, &kubeconfig, "",
	 "Path to the kubeconfig file with the apiserver's address and credentials.", 0, 0},
	{"bind-address", FLAG_STRING, &bind_address, "127.0.0.1",
	 "Address that health and metrics are served on.", 0, 0},
	{"secure-port", FLAG_INT, &port, "10257", "Port of health and metrics; 0 = any free one.", 0, 65535},
	{"leader-elect", FLAG_BOOL, &elect, "true",
	 "Take the Lease before running controllers, so that several may run.", 0, 0},
	{"leader-elect-resource-namespace", FLAG_STRING, &lease_namespace, "kube-system",
	 "Namespace of the Lease.", 0, 0},
	{"leader-elect-resource-name", FLAG_STRING, &lease_name, "kube-controller-manager",
	 "Name of the Lease.", 0, 0},
	{0},
};

static bool check_synced(void *arg, char why[128])
{
	if (controller_set_synced(arg))
		return true;
	snprintf(why, 128, "informers have not listed yet");
	return false;
}

static bool lost_lease;

/* Another instance may lead by now: drop everything and stand for election again. */
static void lost(void *arg)
{
	log_error("lost the leader lease: starting over", NULL);
	lost_lease = true;
	stop_request();
}

static int run(struct err *err)
{
	if (!*kubeconfig)
		return err_set(err, REASON_BAD_REQUEST, "--kubeconfig is required");
	struct rest_config config = {.user_agent = "kube-controller-manager/" CORACLE_VERSION};
	if (kubeconfig_load(kubeconfig, &config.kube, err) < 0)
		return -1;
	struct health *health = health_start(bind_address, port, err);
	if (!health) {
		kubeconfig_release(&config.kube);
		return -1;
	}
	log_info("controller-manager started", "server=%s health=%s:%d", config.kube.server, bind_address,
		 health_port(health));
	struct leader *leader = NULL;
	bool go = true;
	if (elect) {
		leader = leader_new(&config, lease_namespace, lease_name, NULL);
		leader_on_lost(leader, lost, NULL);
		go = leader_wait(leader);
	}
	if (go) {
		struct controller_set *set = controller_set_new(controllers, &config, "controller-manager");
		health_add_check("informer-sync", check_synced, set);
		controller_set_start(set);
		log_info("controllers run", NULL);
		stop_wait();
		health_stop(health);
		controller_set_free(set);
	} else
		health_stop(health);
	if (leader)
		leader_free(leader);
	kubeconfig_release(&config.kube);
	log_info("stopped", NULL);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	switch (flags_parse("controller-manager",
			    "Runs the controllers that make the cluster's state what objects ask for.", flags,
			    argc, argv, &err)) {
	case FLAGS_EXIT:
		return 0;
	case FLAGS_ERROR:
		fprintf(stderr, "controller-manager: %s\n", err.msg);
		return 2;
	case FLAGS_OK:
		break;
	}
	stop_install();
	if (run(&err) < 0) {
		log_err(&err, "cannot run", NULL);
		return 1;
	}
	if (lost_lease) {
		stop_reexec(argv, &err);
		log_err(&err, "cannot start over", NULL);
		return 1;
	}
	return 0;
}
