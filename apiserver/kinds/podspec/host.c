/* SPDX-License-Identifier: Apache-2.0 */
/* What the Pod shares with its node: the network and its names, taints, namespaces. */
#include "kinds/podspec/podspec_internal.h"

#include "kinds/check.h"
#include "object/name.h"

#define MAX_NAMESERVERS 3
#define MAX_SEARCHES 32
#define MAX_SEARCH_CHARS 2048

/* ---- tolerations ---- */

static void check_toleration(const js *t, const char *path, size_t i, struct field_errors *errs)
{
	const char *key = js_str0(t, "key", NULL), *op = js_str0(t, "operator", NULL),
		   *value = js_str0(t, "value", NULL), *effect = js_str0(t, "effect", NULL);
	struct name_faults bad;

	errs->look = '3';
	if (!*key && strcmp(op, "Exists"))
		field_error_invalid_str(
			errs, PATH("%s[%zu].operator", path, i), op,
			"operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
	if (js_field(t, "tolerationSeconds") && strcmp(effect, "NoExecute"))
		field_error_invalid_str(errs, PATH("%s[%zu].effect", path, i), effect,
					"effect must be 'NoExecute' when `tolerationSeconds` is set");
	errs->look = 0;
	if ((!*op || !strcmp(op, "Equal")) && name_check_label_value(value, &bad)) {
		autobuf struct buf detail = BUF_INIT;
		name_faults_join(&bad, ";", &detail);
		field_error_invalid_str(errs, PATH("%s[%zu].operator", path, i), value, buf_str(&detail));
	}
	if (!strcmp(op, "Exists") && *value)
		field_error_invalid_str(errs, PATH("%s[%zu].operator", path, i), value,
					"value must be empty when `operator` is 'Exists'");
}

void podspec_validate_tolerations(const js *tolerations, const char *path, struct field_errors *errs)
{
	js_array_for_each (t, tolerations)
		check_toleration(t, path, t_i, errs);
}

/* ---- names ---- */

/* One dot at the end is fine, and one alone; underscores, too. */
static void check_search(const char *search, const char *path, struct field_errors *errs)
{
	size_t n = strlen(search);
	autofree char *name = mem_strndup(search, n - (n && search[n - 1] == '.'));
	struct name_faults bad;

	if (strcmp(search, ".") && name_check_dns1123_subdomain_underscore(name, &bad))
		field_error_names(errs, path, name, &bad);
}

static void check_searches(const js *searches, const char *path, struct field_errors *errs)
{
	size_t chars = 0;

	if (js_len(searches) > MAX_SEARCHES)
		field_error_invalid(errs, path, searches, "must not have more than 32 search paths");
	js_array_for_each (s, searches)
		chars += (size_t)json_object_get_string_len(s) + 1;
	if (chars > MAX_SEARCH_CHARS + 1)
		field_error_invalid(
			errs, path, searches,
			"must not have more than 2048 characters (including spaces) in the search list");
	js_array_for_each (s, searches)
		check_search(js_str0(s, NULL), PATH("%s[%zu]", path, s_i), errs);
}

static void check_dns(const struct podspec *p)
{
	const js *dns = js_obj(p->spec, "dnsConfig", NULL), *servers = js_arr(dns, "nameservers", NULL);
	bool none = !strcmp(js_str0(p->spec, "dnsPolicy", NULL), "None");

	if (none && !dns)
		field_error_required(p->errs, PATH("%s.dnsConfig", p->base),
				     "must provide `dnsConfig` when `dnsPolicy` is None");
	if (!dns)
		return;
	const char *path = PATH("%s.dnsConfig", p->base);
	if (none && !js_len(servers)) {
		field_error_required(p->errs, PATH("%s.nameservers", path),
				     "must provide at least one DNS nameserver when `dnsPolicy` is None");
		return;
	}
	if (js_len(servers) > MAX_NAMESERVERS)
		field_error_invalid(p->errs, PATH("%s.nameservers", path), servers,
				    "must not have more than 3 nameservers");
	js_array_for_each (s, servers)
		check_ip(js_str0(s, NULL), PATH("%s.nameservers[%zu]", path, s_i), p->errs);
	check_searches(js_arr(dns, "searches", NULL), PATH("%s.searches", path), p->errs);
	js_array_for_each (o, js_arr(dns, "options", NULL)) {
		if (!*js_str0(o, "name", NULL))
			field_error_required(p->errs, PATH("%s.options[%zu]", path, o_i),
					     "must not be empty");
	}
}

static void check_aliases(const struct podspec *p)
{
	struct name_faults bad;

	js_array_for_each (a, js_arr(p->spec, "hostAliases", NULL)) {
		check_ip(js_str0(a, "ip", NULL), PATH("%s.hostAliases[%zu].ip", p->base, a_i), p->errs);
		js_array_for_each (h, js_arr(a, "hostnames", NULL)) {
			const char *name = js_str0(h, NULL);
			if (name_check_dns1123_subdomain(name, &bad))
				field_error_names(
					p->errs,
					PATH("%s.hostAliases[%zu].hostnames[%zu]", p->base, a_i, h_i), name,
					&bad);
		}
	}
}

/* ---- namespaces ---- */

/* A template's ports may be left open: they are filled in when the Pod is made. */
static void check_network(const struct podspec *p)
{
	if (!js_bool(p->spec, false, "hostNetwork", NULL))
		return;
	js_array_for_each (c, js_arr(p->spec, "containers", NULL)) {
		js_array_for_each (port, js_arr(c, "ports", NULL)) {
			int64_t host = js_int(port, 0, "hostPort", NULL);
			if ((!p->pod && !host) || host == js_int(port, 0, "containerPort", NULL))
				continue;
			autojson js *zero = js_new_int(0);
			const js *value = js_field(port, "hostPort");
			field_error_invalid(
				p->errs, PATH("%s.containers[%zu].ports[%zu].hostPort", p->base, c_i, port_i),
				value ? value : zero,
				"must match `containerPort` when `hostNetwork` is true");
		}
	}
}

#define NOT_HOST_USERS "when `hostUsers` is false"

static void check_users(const struct podspec *p)
{
	static const struct {
		const char *key, *as;
	} shared[] = {{"hostNetwork", "hostNetwork"}, {"hostPID", "HostPID"}, {"hostIPC", "HostIPC"}};

	for (size_t i = 0; i < ARRAY_LEN(shared) && !p->host_users; i++)
		if (js_bool(p->spec, false, shared[i].key, NULL))
			field_error_forbidden(p->errs, PATH("%s.%s", p->base, shared[i].as), NOT_HOST_USERS);
	for (size_t l = 0; l < PODSPEC_LISTS && !p->host_users; l++)
		js_array_for_each (c, js_arr(p->spec, podspec_lists[l], NULL))
			if (js_len(js_arr(c, "volumeDevices", NULL)))
				field_error_forbidden(
					p->errs,
					PATH("%s.%s[%zu].volumeDevices", p->base, podspec_lists[l], c_i),
					NOT_HOST_USERS);
}

void podspec_check_host(const struct podspec *p)
{
	const js *tolerations = js_arr(p->spec, "tolerations", NULL);

	p->errs->look = '1';
	check_network(p);
	p->errs->look = '6';
	check_users(p);
	p->errs->look = 0;
	check_dns(p);
	check_aliases(p);
	if (tolerations)
		podspec_validate_tolerations(tolerations, PATH("%s.tolerations", p->base), p->errs);
}
