/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The apiserver: start-up and shutdown. The order of start is that of dependency (kinds, store, writing side,
 * discovery, listener); the listener opens before the system namespaces are there, and /readyz says so until
 * they are.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/flags.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "bootstrap.h"
#include "serve/health.h"
#include "client/tls.h"
#include "http/listener.h"
#include "kinds/kinds.h"
#include "rest/discovery.h"
#include "rest/openapi.h"

#define PEM_MAX (1 << 20)

struct options {
	int port, max_mutating, max_read;
	const char *bind_address, *advertise_address;
	const char *cert_file, *key_file, *client_ca_file, *token_file;
	const char *etcd_servers, *etcd_ca, *etcd_cert, *etcd_key, *storage_backend, *data_dir;
	const char *service_cidr, *kubelet_ca, *kubelet_cert, *kubelet_key, *kinds_dir;
};

static struct options opt;
static const struct flag flags[] = {
	{"secure-port", FLAG_INT, &opt.port, "6443", "The port on which to serve HTTPS.", 1, 65535},
	{"bind-address", FLAG_STRING, &opt.bind_address, "0.0.0.0", "The IP address on which to listen.", 0,
	 0},
	{"advertise-address", FLAG_STRING, &opt.advertise_address, "",
	 "The IP address on which the cluster reaches this server; by default the bind address, or the host's first one.",
	 0, 0},
	{"tls-cert-file", FLAG_STRING, &opt.cert_file, "",
	 "File with the serving certificate (and its chain), PEM.", 0, 0},
	{"tls-private-key-file", FLAG_STRING, &opt.key_file, "", "File with the key of --tls-cert-file, PEM.",
	 0, 0},
	{"client-ca-file", FLAG_STRING, &opt.client_ca_file, "",
	 "Client certificates signed by one of the authorities in this file are trusted.", 0, 0},
	{"token-auth-file", FLAG_STRING, &opt.token_file, "",
	 "File with static bearer tokens, CSV: token,user,uid,\"groups\".", 0, 0},
	{"storage-backend", FLAG_STRING, &opt.storage_backend, "",
	 "sqlite or etcd; by default etcd when --etcd-servers is given.", 0, 0},
	{"data-dir", FLAG_STRING, &opt.data_dir, "/var/lib/coracle", "Folder of the embedded store.", 0, 0},
	{"etcd-servers", FLAG_STRING, &opt.etcd_servers, "", "etcd servers, comma-separated URLs.", 0, 0},
	{"etcd-cafile", FLAG_STRING, &opt.etcd_ca, "", "CA file for etcd.", 0, 0},
	{"etcd-certfile", FLAG_STRING, &opt.etcd_cert, "", "Client certificate for etcd.", 0, 0},
	{"etcd-keyfile", FLAG_STRING, &opt.etcd_key, "", "Key of the client certificate for etcd.", 0, 0},
	{"service-cluster-ip-range", FLAG_STRING, &opt.service_cidr, "10.96.0.0/12",
	 "Range from which Services get their addresses.", 0, 0},
	{"max-requests-inflight", FLAG_INT, &opt.max_read, "400",
	 "Reads that may wait for the store at the same time; reads that need not wait are not limited.", 1,
	 100000},
	{"max-mutating-requests-inflight", FLAG_INT, &opt.max_mutating, "64",
	 "Writes that run at the same time.", 1, 1000},
	{"kubelet-certificate-authority", FLAG_STRING, &opt.kubelet_ca, "",
	 "CA file for calls to node agents.", 0, 0},
	{"kubelet-client-certificate", FLAG_STRING, &opt.kubelet_cert, "",
	 "Client certificate for calls to node agents.", 0, 0},
	{"kubelet-client-key", FLAG_STRING, &opt.kubelet_key, "",
	 "Key of the client certificate for node agents.", 0, 0},
	{"kinds-dir", FLAG_STRING, &opt.kinds_dir, "", "Folder with further kind files.", 0, 0},
	{0},
};

static atomic_bool bootstrapped;

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

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static bool wants_etcd(void)
{
	return *opt.storage_backend ? !strncmp(opt.storage_backend, "etcd", 4) : *opt.etcd_servers != 0;
}

static int make_data_dir(char path[512], struct err *err)
{
	char dir[480];
	snprintf(dir, sizeof(dir), "%s", opt.data_dir);
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

static struct storage *open_storage(const struct schema *schema, struct err *err)
{
	char path[512] = "";
	bool etcd = wants_etcd();
	if (*opt.storage_backend && strcmp(opt.storage_backend, "sqlite") && !etcd) {
		err_set(err, REASON_INVALID, "--storage-backend must be sqlite or etcd, not %s",
			opt.storage_backend);
		return NULL;
	}
	if (etcd && !*opt.etcd_servers) {
		err_set(err, REASON_INVALID, "--storage-backend=etcd needs --etcd-servers");
		return NULL;
	}
	if (!etcd && make_data_dir(path, err) < 0)
		return NULL;
	struct storage_config c = {.engine = etcd ? "etcd" : "sqlite",
				   .path = path,
				   .etcd_servers = opt.etcd_servers,
				   .etcd_cafile = or_null(opt.etcd_ca),
				   .etcd_certfile = or_null(opt.etcd_cert),
				   .etcd_keyfile = or_null(opt.etcd_key),
				   .prefix = "/registry"};
	return storage_open(&c, schema, err);
}

/* The address others should use: what was said, what is bound, or the first one that is not loopback. */
static void find_address(char out[INET6_ADDRSTRLEN])
{
	struct ifaddrs *all = NULL;
	snprintf(out, INET6_ADDRSTRLEN, "%s",
		 *opt.advertise_address ? opt.advertise_address : opt.bind_address);
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

static struct listener *open_listener(const struct server *sv, struct err *err)
{
	autobuf struct buf cert = BUF_INIT;
	autobuf struct buf key = BUF_INIT;
	autobuf struct buf ca = BUF_INIT;
	if (read_pem("tls-cert-file", opt.cert_file, &cert, err) < 0 ||
	    read_pem("tls-private-key-file", opt.key_file, &key, err) < 0)
		return NULL;
	if (*opt.client_ca_file && read_pem("client-ca-file", opt.client_ca_file, &ca, err) < 0)
		return NULL;
	struct listener_config c = {.server = sv,
				    .bind_address = opt.bind_address,
				    .port = opt.port,
				    .cert_pem = buf_str(&cert),
				    .key_pem = buf_str(&key),
				    .client_ca_pem = ca.len ? buf_str(&ca) : NULL,
				    .workers = opt.max_mutating,
				    .max_reads = opt.max_read};
	struct listener *l = listener_start(&c, err);
	explicit_bzero(key.p, key.len);
	return l;
}

struct daemon {
	struct schema *schema;
	struct api api;
	struct server server;
	struct listener *listener;
	int64_t start_ns;
};

static int start(struct daemon *d, struct err *err)
{
	char address[INET6_ADDRSTRLEN], server_address[INET6_ADDRSTRLEN + 16];
	find_address(address);
	snprintf(server_address, sizeof(server_address), strchr(address, ':') ? "[%s]:%d" : "%s:%d", address,
		 opt.port);
	d->schema = kinds_load(or_null(opt.kinds_dir), err);
	if (!d->schema)
		return -1;
	d->api = (struct api){.schema = d->schema,
			      .service_cidr = opt.service_cidr,
			      .node_client_ca = or_null(opt.kubelet_ca),
			      .node_client_cert = or_null(opt.kubelet_cert),
			      .node_client_key = or_null(opt.kubelet_key)};
	d->server.api = &d->api;
	d->server.auth = auth_new(opt.token_file, err);
	if (!d->server.auth)
		return -1;
	d->api.storage = open_storage(d->schema, err);
	if (!d->api.storage)
		return err_wrap(err, "cannot open the store");
	d->api.state = rest_state_new(&d->api, err);
	if (!d->api.state)
		return -1;
	d->api.discovery = discovery_new(d->schema, server_address);
	d->api.openapi = openapi_new(d->schema);
	health_add_check(wants_etcd() ? "etcd" : "sqlite", check_store, d->api.storage);
	health_add_check("poststarthook/bootstrap", check_bootstrap, NULL);
	d->listener = open_listener(&d->server, err);
	if (!d->listener)
		return -1;
	if (bootstrap(&d->api, address, opt.port, err) < 0)
		return -1;
	atomic_store(&bootstrapped, true);
	log_info("serving", "address=%s port=%d start_ms=%lld revision=%llu", opt.bind_address, opt.port,
		 (long long)((clock_mono_ns() - d->start_ns) / NS_PER_MS),
		 (unsigned long long)storage_revision(d->api.storage));
	return 0;
}

static void stop(struct daemon *d)
{
	if (d->listener)
		listener_stop(d->listener);
	rest_state_free(d->api.state);
	if (d->api.storage)
		storage_close(d->api.storage);
	discovery_free(d->api.discovery);
	openapi_free(d->api.openapi);
	auth_free(d->server.auth);
	schema_free(d->schema);
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct daemon d = {.start_ns = clock_mono_ns()};
	/* Many threads, small short-lived allocations: two arenas hold less and are as fast here. */
	mallopt(M_ARENA_MAX, 2);
	switch (flags_parse("apiserver", "Serves the Kubernetes API.", flags, argc, argv, &err)) {
	case FLAGS_EXIT:
		return 0;
	case FLAGS_ERROR:
		fprintf(stderr, "apiserver: %s\n", err.msg);
		return 2;
	case FLAGS_OK:
		break;
	}
	stop_install();
	int rc = start(&d, &err);
	if (rc < 0) {
		log_err(&err, "cannot start", NULL);
	} else {
		stop_wait();
		log_info("shutting down", NULL);
	}
	stop(&d);
	return rc < 0;
}
