/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up and shutdown of an apiserver. The order of start is that of dependency (kinds, store, writing side,
 * discovery, listener); the listener opens before the system namespaces are there, and /readyz says so until
 * they are.
 */
#include "instance.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "bootstrap.h"
#include "serve/health.h"
#include "client/tls.h"
#include "crd/crd.h"
#include "http/listener.h"
#include "keeper.h"
#include "kinds/kinds.h"
#include "registry/registry.h"
#include "rest/discovery/discovery.h"
#include "rest/discovery/openapi.h"
#include "rest/flow.h"
#include "rest/log/relay.h"
#include "rest/usage/usage.h"
#include "rest/server.h"

#define PEM_MAX (1 << 20)

struct instance {
	struct instance_options opt;
	struct schema *schema;
	struct kinds *kinds;
	struct crds *crds;
	struct api api;
	struct auth *auth;
	struct server *server;
	struct listener *listener;
	_Atomic(struct keeper *) keeper;      /* for who tells it of kinds */
	struct buf client_ca, front_proxy_ca; /* PEM */
};

static atomic_bool bootstrapped, stopping;

static bool check_store(void *arg, char why[128])
{
	return storage_healthy(arg, why);
}

static bool check_bootstrap(void *arg, char why[128])
{
	if (!atomic_load(&bootstrapped))
		snprintf(why, 128, "the system namespaces are not there yet");
	return atomic_load(&bootstrapped);
}

static bool check_not_stopping(void *arg, char why[128])
{
	if (atomic_load(&stopping))
		snprintf(why, 128, "process is shutting down");
	return !atomic_load(&stopping);
}

static bool check_log(void *arg, char why[128])
{
	return true; /* it is written by whoever has something to say, and nobody is waited for */
}

/* What upstream's start is put together of and ours too: all of it is done, or the start is not over. */
static const char *const started[] = {
	"poststarthook/start-apiserver-admission-initializer",
	"poststarthook/generic-apiserver-start-informers",
	"poststarthook/priority-and-fairness-config-consumer",
	"poststarthook/start-apiextensions-informers",
	"poststarthook/start-apiextensions-controllers",
	"poststarthook/crd-informer-synced",
	"poststarthook/start-system-namespaces-controller",
	"poststarthook/start-cluster-authentication-info-controller",
	"poststarthook/scheduling/bootstrap-system-priority-classes",
	"poststarthook/priority-and-fairness-config-producer",
	"poststarthook/bootstrap-controller",
	"poststarthook/start-kubernetes-service-cidr-controller",
	"poststarthook/start-kube-aggregator-informers",
	"poststarthook/apiservice-status-local-available-controller",
	"poststarthook/apiservice-registration-controller",
	"poststarthook/apiservice-discovery-controller",
	"poststarthook/kube-apiserver-autoregistration",
	"autoregister-completion",
	"poststarthook/apiservice-openapi-controller",
	"poststarthook/apiservice-openapiv3-controller",
	/* two of these had other names in 1.20, whose tests ask for them */
	"poststarthook/start-kube-apiserver-admission-initializer",
	"poststarthook/apiservice-status-available-controller",
};

/* Under upstream's names, where the meaning is the same: people ask for them, and leave them out. */
static void add_checks(struct storage *storage, bool etcd)
{
	const struct health_check all[] = {
		{"log", NULL, HEALTH_LIVEZ, check_log, NULL},
		{"etcd", etcd ? NULL : "sqlite", HEALTH_LIVEZ, check_store, storage},
		{"etcd-readiness", NULL, HEALTH_ONLY_READYZ, check_store, storage},
		{"informer-sync", NULL, HEALTH_ONLY_READYZ, check_bootstrap, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		health_add(&all[i]);
	for (size_t i = 0; i < ARRAY_LEN(started); i++)
		health_add(&(struct health_check){started[i], NULL, HEALTH_LIVEZ, check_bootstrap, NULL});
	health_add(&(struct health_check){"shutdown", NULL, HEALTH_ONLY_READYZ, check_not_stopping, NULL});
}

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static bool wants_etcd(const struct instance_options *opt)
{
	return *opt->storage_backend ? !strncmp(opt->storage_backend, "etcd", 4) : *opt->etcd_servers != 0;
}

static int make_data_dir(const struct instance_options *opt, char path[512], struct err *err)
{
	char dir[480];
	snprintf(dir, sizeof(dir), "%s", opt->data_dir);
	for (char *p = dir + 1;; p++) {
		if (*p && *p != '/')
			continue;
		char c = *p;
		*p = 0;
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return err_errno(err, "--data-dir %s", dir);
		*p = c;
		if (!c)
			break;
	}
	snprintf(path, 512, "%s/registry.db", dir);
	return 0;
}

static struct storage *open_storage(const struct instance_options *opt, const struct schema *schema,
				    struct err *err)
{
	char path[512] = "";
	bool etcd = wants_etcd(opt);
	if (*opt->storage_backend && strcmp(opt->storage_backend, "sqlite") && !etcd) {
		err_set(err, REASON_INVALID, "--storage-backend must be sqlite or etcd, not %s",
			opt->storage_backend);
		return NULL;
	}
	if (etcd && !*opt->etcd_servers) {
		err_set(err, REASON_INVALID, "--storage-backend=etcd needs --etcd-servers");
		return NULL;
	}
	if (!etcd && make_data_dir(opt, path, err) < 0)
		return NULL;
	struct storage_config c = {.engine = etcd ? "etcd" : "sqlite",
				   .path = path,
				   .force = opt->force_damaged_store,
				   .etcd_servers = opt->etcd_servers,
				   .etcd_cafile = or_null(opt->etcd_ca),
				   .etcd_certfile = or_null(opt->etcd_cert),
				   .etcd_keyfile = or_null(opt->etcd_key),
				   .etcd_transport = or_null(opt->etcd_transport),
				   .prefix = "/registry"};
	return storage_open(&c, schema, err);
}

/* The address others should use: what was said, what is bound, or the first one that is not loopback. */
static void find_address(const struct instance_options *opt, char out[INET6_ADDRSTRLEN])
{
	struct ifaddrs *all = NULL;
	snprintf(out, INET6_ADDRSTRLEN, "%s",
		 *opt->advertise_address ? opt->advertise_address : opt->bind_address);
	if (strcmp(out, "0.0.0.0") && strcmp(out, "::"))
		return;
	snprintf(out, INET6_ADDRSTRLEN, "127.0.0.1");
	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;
		if (!in || in->sin_family != AF_INET || (ntohl(in->sin_addr.s_addr) >> 24) == 127)
			continue;
		inet_ntop(AF_INET, &in->sin_addr, out, INET6_ADDRSTRLEN);
		break;
	}
	freeifaddrs(all);
}

static int read_pem(const char *flag, const char *path, struct buf *out, struct err *err)
{
	if (!*path)
		return err_set(err, REASON_INVALID, "--%s is required", flag);
	if (tls_read_file(path, PEM_MAX, out, err) < 0)
		return err_wrap(err, "--%s", flag);
	return 0;
}

static struct listener *open_listener(const struct instance_options *opt, const struct service *service,
				      struct err *err)
{
	autobuf struct buf cert = BUF_INIT;
	autobuf struct buf key = BUF_INIT;
	autobuf struct buf ca = BUF_INIT;
	if (read_pem("tls-cert-file", opt->cert_file, &cert, err) < 0 ||
	    read_pem("tls-private-key-file", opt->key_file, &key, err) < 0)
		return NULL;
	if (*opt->client_ca_file && read_pem("client-ca-file", opt->client_ca_file, &ca, err) < 0)
		return NULL;
	struct listener_config c = {.service = service,
				    .bind_address = opt->bind_address,
				    .port = opt->port,
				    .cert_pem = buf_str(&cert),
				    .key_pem = buf_str(&key),
				    .client_ca_pem = ca.len ? buf_str(&ca) : NULL};
	struct listener *l = listener_start(&c, err);
	explicit_bzero(key.p, key.len);
	return l;
}

/* ---- kinds that come and go ---- */

static void rediscover(void *arg, const char *group, const char *version)
{
	struct api *api = arg;
	discovery_update(api->discovery, group, version);
	openapi_update(api->openapi, group, version);
}

/* What clients read of a kind that is replaced is not told by its group-version alone. */
static void forget_documents(void *arg, const struct kind *k)
{
	struct api *api = arg;
	openapi_forget(api->openapi, k);
}

static int store_kind(void *arg, const struct kind *k, struct err *err)
{
	return storage_add_resource(arg, k, err);
}

static void forget_kind(void *arg, const struct kind *k)
{
	storage_remove_resource(arg, k);
}

static const struct kinds_observer resources = {.add = store_kind, .remove = forget_kind};
static void tell_keeper(void *arg, const char *group, const char *version)
{
	struct instance *d = arg;
	struct keeper *k = atomic_load(&d->keeper);

	if (k)
		keeper_hurry(k);
}

static const struct kinds_observer documents = {.changed = rediscover, .remove = forget_documents};
static const struct kinds_observer kept = {.changed = tell_keeper};

static int bootstrap_all(struct instance *d, const char *address, struct err *err)
{
	const char *file = d->opt.client_ca_file;
	if (*file && read_pem("client-ca-file", file, &d->client_ca, err) < 0)
		return -1;
	file = d->opt.front_proxy_ca_file;
	if (file && *file && read_pem("requestheader-client-ca-file", file, &d->front_proxy_ca, err) < 0)
		return -1;
	struct bootstrap_config c = {.address = address,
				     .port = listener_port(d->listener),
				     .client_ca_pem = buf_str(&d->client_ca),
				     .front_proxy = d->opt.front_proxy};
	c.front_proxy.ca_pem = buf_str(&d->front_proxy_ca);
	if (bootstrap(d->api.registry, &c, err) < 0)
		return -1;
	d->keeper = keeper_start(d->api.registry, d->api.storage, &c, err);
	return d->keeper ? 0 : -1;
}

static int start(struct instance *d, struct err *err)
{
	const struct instance_options *opt = &d->opt;
	char address[INET6_ADDRSTRLEN], server_address[INET6_ADDRSTRLEN + 16];
	if (trust_check(&opt->front_proxy, err) < 0)
		return -1;
	find_address(opt, address);
	snprintf(server_address, sizeof(server_address), strchr(address, ':') ? "[%s]:%d" : "%s:%d", address,
		 opt->port);
	d->schema = kinds_load(or_null(opt->kinds_dir), err);
	if (!d->schema)
		return -1;
	struct http_tls agents = {.ca_file = or_null(opt->kubelet_ca),
				  .cert_file = or_null(opt->kubelet_cert),
				  .key_file = or_null(opt->kubelet_key),
				  .insecure = !*opt->kubelet_ca};
	d->api = (struct api){.schema = d->schema, .relays = relays_new(&agents, err)};
	if (!d->api.relays)
		return -1;
	d->api.usage = usage_new(d->api.relays);
	d->auth = auth_new(opt->token_file, err);
	if (!d->auth)
		return -1;
	d->api.storage = open_storage(opt, d->schema, err);
	if (!d->api.storage)
		return err_wrap(err, "cannot open the store");
	struct registry_config registry = {
		.schema = d->schema, .storage = d->api.storage, .service_cidr = opt->service_cidr};
	d->api.registry = registry_new(&registry, err);
	if (!d->api.registry)
		return -1;
	d->kinds = kinds_new(d->schema);
	kinds_observe(d->kinds, &resources, d->api.storage);
	/* what is stored is in the first documents already */
	d->crds = crds_new(&(struct crds_config){d->schema, d->kinds, d->api.storage, d->api.registry});
	add_checks(d->api.storage, wants_etcd(opt)); /* before they are listed */
	d->api.discovery = discovery_new(d->schema, server_address);
	d->api.openapi = openapi_new(d->schema, d->api.storage);
	d->api.flow = flow_new(d->schema, d->api.storage);
	kinds_observe(d->kinds, &documents, &d->api);
	kinds_observe(d->kinds, &kept, d);
	crds_start(d->crds);
	struct server_config config = {
		.api = &d->api, .auth = d->auth, .writes = opt->max_mutating, .reads = opt->max_read};
	d->server = server_new(&config);
	d->listener = open_listener(opt, server_service(d->server), err);
	if (!d->listener)
		return -1;
	if (bootstrap_all(d, address, err) < 0)
		return -1;
	atomic_store(&bootstrapped, true);
	return 0;
}

void instance_announce_stop(struct instance *d, int64_t delay_ns)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t nobody;
	int64_t until_ns = clock_mono_ns() + delay_ns;
	atomic_store(&stopping, true);
	clock_cond_init(&nobody);
	pthread_mutex_lock(&lock);
	while (clock_cond_wait(&nobody, &lock, until_ns))
		;
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&nobody);
	pthread_mutex_destroy(&lock);
}

void instance_stop(struct instance *d)
{
	if (!d)
		return;
	relays_stop(d->api.relays); /* the listener waits for whoever asks an agent */
	if (d->listener)
		listener_stop(d->listener);
	server_free(d->server);
	relays_free(d->api.relays);
	usage_free(d->api.usage);
	crds_free(d->crds);
	keeper_stop(d->keeper); /* which the definitions' thread may wake */
	registry_free(d->api.registry);
	flow_free(d->api.flow);
	if (d->api.storage)
		storage_close(d->api.storage);
	kinds_free(d->kinds);
	discovery_free(d->api.discovery);
	openapi_free(d->api.openapi);
	auth_free(d->auth);
	schema_free(d->schema);
	buf_release(&d->client_ca);
	buf_release(&d->front_proxy_ca);
	atomic_store(&bootstrapped, false);
	atomic_store(&stopping, false);
	free(d);
}

struct instance *instance_start(const struct instance_options *o, struct err *err)
{
	struct instance *d = MEM_NEW(struct instance);

	d->opt = *o;
	if (start(d, err) == 0)
		return d;
	instance_stop(d);
	return NULL;
}

struct kinds *instance_kinds(const struct instance *i)
{
	return i->kinds;
}

int instance_port(const struct instance *i)
{
	return listener_port(i->listener);
}

uint64_t instance_revision(const struct instance *i)
{
	return storage_revision(i->api.storage);
}
