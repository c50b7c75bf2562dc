/* SPDX-License-Identifier: Apache-2.0 */
/* An apiserver for tests; see apiserver_rig.h. */
#include "rig/apiserver_rig.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/mem.h"
#include "client/tls.h"
#include "instance.h"

#define TOKEN "rig"

struct apiserver_rig {
	char dir[64];
	char *cert_file, *key_file, *token_file;
	struct instance *instance;
	struct rest_config config;
};

static _Noreturn void give_up(const char *what, const struct err *err)
{
	fprintf(stderr, "apiserver rig: %s: %s\n", what, err->msg);
	abort();
}

static char *write_file(const struct apiserver_rig *r, const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", r->dir, name);
	struct err err = ERR_INIT;
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
		err_errno(&err, "%s", path);
		give_up("cannot write", &err);
	}
	return path;
}

static void make_credentials(struct apiserver_rig *r)
{
	static const char *const ips[] = {"127.0.0.1", NULL};
	const struct tls_cert_spec spec = {.common_name = "rig", .ips = ips, .server = true, .days = 2};
	autobuf struct buf ca = BUF_INIT;
	autobuf struct buf ca_key = BUF_INIT;
	autobuf struct buf cert = BUF_INIT;
	autobuf struct buf key = BUF_INIT;
	struct err err = ERR_INIT;

	if (tls_make_ca("rig", 2, &ca, &ca_key, &err) < 0 ||
	    tls_make_cert(buf_str(&ca), buf_str(&ca_key), &spec, &cert, &key, &err) < 0)
		give_up("cannot make a certificate", &err);
	r->cert_file = write_file(r, "tls.crt", buf_str(&cert));
	r->key_file = write_file(r, "tls.key", buf_str(&key));
	r->token_file = write_file(r, "tokens.csv", TOKEN ",admin,1,\"system:masters\"\n");
	r->config.kube.ca_pem = buf_take(&ca, NULL);
}

struct apiserver_rig *apiserver_rig_start(int64_t wall_ns)
{
	struct apiserver_rig *r = MEM_NEW(struct apiserver_rig);
	struct err err = ERR_INIT;

	snprintf(r->dir, sizeof(r->dir), "/tmp/apiserver-rig-XXXXXX");
	if (!mkdtemp(r->dir)) {
		err_errno(&err, "%s", r->dir);
		give_up("cannot make a folder", &err);
	}
	make_credentials(r); /* by the real clock, which libraries look at */
	if (wall_ns)
		clock_fake(wall_ns);
	const struct instance_options o = {
		.bind_address = "127.0.0.1",
		.advertise_address = "192.0.2.1", /* of the Service kubernetes, which must not be loopback */
		.cert_file = r->cert_file,
		.key_file = r->key_file,
		.client_ca_file = r->cert_file,
		.token_file = r->token_file,
		.etcd_servers = "",
		.etcd_ca = "",
		.etcd_cert = "",
		.etcd_key = "",
		.etcd_transport = "",
		.storage_backend = "sqlite",
		.data_dir = r->dir,
		.service_cidr = "10.96.0.0/24",
		.kubelet_ca = "",
		.kubelet_cert = "",
		.kubelet_key = "",
		.kinds_dir = "",
		.max_mutating = 8,
		.max_read = 100,
	};
	r->instance = instance_start(&o, &err);
	if (!r->instance)
		give_up("cannot start", &err);
	r->config.kube.server = mem_printf("https://127.0.0.1:%d", instance_port(r->instance));
	r->config.kube.token = mem_strdup(TOKEN);
	r->config.user_agent = "rig";
	return r;
}

const struct rest_config *apiserver_rig_config(const struct apiserver_rig *r)
{
	return &r->config;
}

struct kinds *apiserver_rig_kinds(const struct apiserver_rig *r)
{
	return instance_kinds(r->instance);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void apiserver_rig_stop(struct apiserver_rig *r)
{
	instance_stop(r->instance);
	nftw(r->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	kubeconfig_release(&r->config.kube);
	free(r->cert_file);
	free(r->key_file);
	free(r->token_file);
	free(r);
}
