/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start and stop of a daemon that reconciles; see daemon.h.
 *
 * The order of stopping is that of starting turned round, but for the Lease: it is given back last, when
 * nothing writes any more, so that a successor never runs beside us.
 */
#include "controller/daemon.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/mem.h"
#include "base/settle.h"
#include "base/thread.h"
#include "client/tls.h"
#include "controller/leader.h"
#include "object/version.h"
#include "serve/gate_metric.h"
#include "serve/health.h"

#define COMMON_FLAGS 11
#define PEM_MAX ((size_t)1 << 20)
#define SELF_SIGNED_DAYS 365

struct options {
	const char *kubeconfig, *bind_address, *lease_namespace, *lease_name;
	const char *cert_file, *key_file, *client_ca_file, *open_paths;
	int port;
	bool elect;
};

struct running { /* one start of one daemon */
	const struct daemon *def;
	struct options opt;
	struct rest_config config;
	struct rest *rest; /* and the one loop */
	struct health *health;
	struct leader *leader; /* NULL without election */
	void *self;
};

static bool lost_lease;

/* ---- flags ---- */

static void common_flags(struct flag out[COMMON_FLAGS], const struct daemon *d, struct options *o,
			 const char *lease)
{
	const struct flag rows[COMMON_FLAGS] = {
		{"kubeconfig", FLAG_STRING, &o->kubeconfig, "",
		 "Path to the kubeconfig file with the apiserver's address and credentials.", 0, 0},
		{"bind-address", FLAG_STRING, &o->bind_address, "127.0.0.1",
		 "Address that health and metrics are served on, by HTTPS.", 0, 0},
		{"secure-port", FLAG_INT, &o->port, d->port, "Port of health and metrics; 0 = any free one.",
		 0, 65535},
		{"tls-cert-file", FLAG_STRING, &o->cert_file, "",
		 "Certificate for HTTPS, followed by its intermediates; without it, one is made at the start.",
		 0, 0},
		{"tls-private-key-file", FLAG_STRING, &o->key_file, "",
		 "Private key that belongs to --tls-cert-file.", 0, 0},
		{"client-ca-file", FLAG_STRING, &o->client_ca_file, "",
		 "CA whose client certificates say who may read metrics: system:masters and system:monitoring.",
		 0, 0},
		{"authorization-always-allow-paths", FLAG_STRING, &o->open_paths, "/healthz,/readyz,/livez",
		 "Paths that need no authorization; a star at the end stands for all that begin so.", 0, 0},
		{"leader-elect", FLAG_BOOL, &o->elect, "true",
		 "Take the Lease before doing any work, so that several may run.", 0, 0},
		{"leader-elect-resource-namespace", FLAG_STRING, &o->lease_namespace, "kube-system",
		 "Namespace of the Lease.", 0, 0},
		{"leader-elect-resource-name", FLAG_STRING, &o->lease_name, lease, "Name of the Lease.", 0,
		 0},
		FLAG_FEATURE_GATES,
	};

	memcpy(out, rows, sizeof(rows));
}

/* The common rows, then the daemon's own. The targets and defaults stay borrowed. */
static enum flags_result parse(const struct daemon *d, struct options *o, const char *lease, int argc,
			       char **argv, struct err *err)
{
	size_t own = 0;

	while (d->flags && d->flags[own].name)
		own++;
	autofree struct flag *all = mem_array(COMMON_FLAGS + own + 1, sizeof(*all));

	common_flags(all, d, o, lease);
	for (size_t i = 0; i < own; i++)
		all[COMMON_FLAGS + i] = d->flags[i];
	const struct flags_program p = {
		.name = d->name, .about = d->summary, .version = VERSION_LINE, .table = all};

	return flags_parse(&p, argc, argv, err);
}

/* ---- HTTPS ---- */

struct serving { /* PEM */
	struct buf cert, key, client_ca;
};

static void serving_release(struct serving *s)
{
	buf_release(&s->cert);
	buf_release(&s->key);
	buf_release(&s->client_ca);
}

/* Nobody can verify it, but nobody can listen either; as upstream. */
static int make_certificate(void *arg, struct buf *cert, struct buf *key, struct err *err)
{
	const char *address = ((const struct options *)arg)->bind_address;
	autobuf struct buf ca = BUF_INIT;
	autobuf struct buf ca_key = BUF_INIT;
	char host[256] = "localhost";
	bool numeric = !address[strspn(address, "0123456789abcdefABCDEF.:")];
	const char *dns[] = {host, "localhost", NULL}, *ips[] = {"127.0.0.1", numeric ? address : NULL, NULL};

	gethostname(host, sizeof(host) - 1);
	autofree char *issuer = mem_printf("%.50s-ca", host);
	autofree char *name = mem_printf("%.60s", host);
	const struct tls_cert_spec spec = {
		.common_name = name, .dns = dns, .ips = ips, .server = true, .days = SELF_SIGNED_DAYS};

	if (tls_make_ca(issuer, SELF_SIGNED_DAYS, &ca, &ca_key, err) < 0 ||
	    tls_make_cert(buf_str(&ca), buf_str(&ca_key), &spec, cert, key, err) < 0)
		return err_wrap(err, "serving certificate");
	buf_add(cert, ca.p, ca.len);
	return 0;
}

static int load_serving(const struct options *o, struct serving *ret, struct err *err)
{
	if (!*o->cert_file != !*o->key_file)
		return err_set(err, REASON_BAD_REQUEST,
			       "--tls-cert-file and --tls-private-key-file belong together");
	if (*o->client_ca_file && tls_read_file(o->client_ca_file, PEM_MAX, &ret->client_ca, err) < 0)
		return err_wrap(err, "--client-ca-file");
	if (!*o->cert_file)
		return 0;
	if (tls_read_file(o->cert_file, PEM_MAX, &ret->cert, err) < 0)
		return err_wrap(err, "--tls-cert-file");
	if (tls_read_file(o->key_file, PEM_MAX, &ret->key, err) < 0)
		return err_wrap(err, "--tls-private-key-file");
	return 0;
}

static struct health *serve(struct options *o, struct loop *l, struct err *err)
{
	struct serving s = {BUF_INIT, BUF_INIT, BUF_INIT};
	struct health *h = NULL;

	if (load_serving(o, &s, err) == 0)
		h = health_start(l, o->bind_address, o->port,
				 &(struct health_tls){.cert_pem = buf_str(&s.cert),
						      .key_pem = buf_str(&s.key),
						      .make = make_certificate,
						      .arg = o,
						      .client_ca_pem = buf_str(&s.client_ca),
						      .open_paths = o->open_paths},
				 err);
	serving_release(&s);
	return h;
}

/* ---- running ---- */

static bool check_synced(void *arg, char why[128])
{
	const struct running *r = arg;

	if (r->def->synced(r->self))
		return true;
	snprintf(why, 128, "informers have not listed yet");
	return false;
}

/* Another instance may lead by now: drop everything and stand for election again. */
static void on_lost(void *arg)
{
	log_error("lost the leader lease: starting over", NULL);
	lost_lease = true;
	stop_request();
}

static int stand(struct running *r, struct err *err)
{
	if (!r->opt.elect)
		return 0;
	r->leader = leader_new(r->rest, r->opt.lease_namespace, r->opt.lease_name, NULL);
	if (!r->leader)
		return err_errno(err, "leader election");
	leader_on_lost(r->leader, on_lost, NULL);
	return 0;
}

/* False when the process is told to stop first. */
static bool elected(struct running *r)
{
	return !r->leader || leader_wait(r->leader);
}

static int configure(struct running *r, struct err *err)
{
	struct options *o = &r->opt;
	autofree char *lease = mem_printf("kube-%s", r->def->name);
	struct daemon_options d = {.kubeconfig = o->kubeconfig,
				   .lease_namespace = o->lease_namespace,
				   .lease_name = o->lease_name,
				   .elect = o->elect,
				   .said_lease = !o->elect ||
						 strcmp(o->lease_namespace, "kube-system") != 0 ||
						 strcmp(o->lease_name, lease) != 0};

	if (!r->def->configure)
		return 0;
	if (r->def->configure(&d, err) < 0)
		return -1;
	o->kubeconfig = d.kubeconfig;
	o->lease_namespace = d.lease_namespace;
	o->lease_name = d.lease_name;
	o->elect = d.elect;
	return 0;
}

static int start(struct running *r, struct err *err)
{
	if (configure(r, err) < 0)
		return -1;
	gate_metric_report();
	if (!*r->opt.kubeconfig)
		return err_set(err, REASON_BAD_REQUEST, "--kubeconfig is required");
	if (kubeconfig_load(r->opt.kubeconfig, &r->config.kube, err) < 0)
		return -1;
	r->rest = rest_start(&r->config, "loop");
	if (!r->rest)
		return err_errno(err, "event loop");
	r->health = serve(&r->opt, rest_loop(r->rest), err);
	if (!r->health)
		return -1;
	r->self = r->def->make(r->rest, err);
	if (!r->self)
		return -1;
	health_add_check("informer-sync", check_synced, r);
	log_info("started", "daemon=%s server=%s health=%s:%d", r->def->name, r->config.kube.server,
		 r->opt.bind_address, health_port(r->health));
	return 0;
}

static void stop(struct running *r)
{
	if (r->health)
		health_stop(r->health);
	if (r->self)
		r->def->destroy(r->self);
	if (r->leader)
		leader_free(r->leader);
	rest_free(r->rest);
	kubeconfig_release(&r->config.kube);
}

static int run(struct running *r, struct err *err)
{
	int rc = start(r, err);

	if (rc == 0)
		rc = stand(r, err);
	if (rc == 0 && elected(r)) {
		r->def->run(r->self);
		log_info("running", "daemon=%s", r->def->name);
		settle_stop_wait();
	}
	stop(r);
	if (rc == 0)
		log_info("stopped", "daemon=%s", r->def->name);
	return rc;
}

int daemon_main(const struct daemon *d, int argc, char **argv)
{
	/* Threads come and go with small short-lived allocations: two arenas hold less. */
	mallopt(M_ARENA_MAX, 2);

	autofree char *lease = mem_printf("kube-%s", d->name);
	autofree char *agent = mem_printf("%s/%s", lease, CORACLE_VERSION);
	struct running r = {.def = d, .config.user_agent = agent};
	struct err err = ERR_INIT;

	switch (parse(d, &r.opt, lease, argc, argv, &err)) {
	case FLAGS_EXIT:
		return 0;
	case FLAGS_ERROR:
		fprintf(stderr, "%s: %s\n", d->name, err.msg);
		return 2;
	case FLAGS_OK:
		break;
	}
	stop_install();
	if (run(&r, &err) < 0) {
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
