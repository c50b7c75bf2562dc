/* SPDX-License-Identifier: Apache-2.0 */
/* kube-scheduler's place: flags, leader election, start and stop. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/flags.h"
#include "base/log.h"
#include "base/thread.h"
#include "serve/health.h"
#include "controller/leader.h"
#include "scheduler.h"

static const char *kubeconfig, *bind_address, *lease_namespace, *lease_name;
static int port;
static bool elect;

static const struct flag flags[] = {
	{"kubeconfig", FLAG_STRING, &kubeconfig, "",
	 "Path to the kubeconfig file with the apiserver's address and credentials.", 0, 0},
	{"bind-address", FLAG_STRING, &bind_address, "127.0.0.1",
	 "Address that health and metrics are served on.", 0, 0},
	{"secure-port", FLAG_INT, &port, "10259", "Port of health and metrics; 0 = any free one.", 0, 65535},
	{"leader-elect", FLAG_BOOL, &elect, "true",
	 "Take the Lease before scheduling, so that several may run.", 0, 0},
	{"leader-elect-resource-namespace", FLAG_STRING, &lease_namespace, "kube-system",
	 "Namespace of the Lease.", 0, 0},
	{"leader-elect-resource-name", FLAG_STRING, &lease_name, "kube-scheduler", "Name of the Lease.", 0,
	 0},
	{0},
};

static bool check_synced(void *arg, char why[128])
{
	if (scheduler_synced(arg))
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
	struct rest_config config = {.user_agent = "kube-scheduler/" CORACLE_VERSION};
	if (kubeconfig_load(kubeconfig, &config.kube, err) < 0)
		return -1;
	struct health *health = health_start(bind_address, port, err);
	if (!health) {
		kubeconfig_release(&config.kube);
		return -1;
	}
	struct scheduler *s = scheduler_new(&config);
	health_add_check("informer-sync", check_synced, s);
	log_info("scheduler started", "server=%s health=%s:%d", config.kube.server, bind_address,
		 health_port(health));
	struct leader *leader = NULL;
	bool go = true;
	if (elect) {
		leader = leader_new(&config, lease_namespace, lease_name, NULL);
		leader_on_lost(leader, lost, NULL);
		go = leader_wait(leader);
	}
	if (go) {
		scheduler_run(s);
		log_info("scheduling", NULL);
		stop_wait();
	}
	health_stop(health);
	scheduler_free(s);
	if (leader)
		leader_free(leader);
	kubeconfig_release(&config.kube);
	log_info("stopped", NULL);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	switch (flags_parse("scheduler", "Binds Pods that wait for a node to the node that suits them best.",
			    flags, argc, argv, &err)) {
	case FLAGS_EXIT:
		return 0;
	case FLAGS_ERROR:
		fprintf(stderr, "scheduler: %s\n", err.msg);
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
