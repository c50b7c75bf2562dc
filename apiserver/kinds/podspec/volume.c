/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes: what their sources ask beyond single values, and which of them containers may mount. */
#include "kinds/podspec/podspec_internal.h"

#include <ctype.h>
#include "object/name.h"
#include "object/quantity.h"

struct volume {
	const struct podspec *spec;
	const js *source;
	const char *name;
	const char *at, *path; /* of the volume, of the source */
	bool persistent;       /* of a PersistentVolume, which is not quite the same */
	struct field_errors *errs;
};

static void check_empty_dir(const struct volume *v)
{
	const char *limit = js_str(v->source, "sizeLimit", NULL);

	if (limit && *limit == '-')
		field_error_forbidden(v->errs, PATH("%s.sizeLimit", v->path),
				      "SizeLimit field must be a valid resource quantity");
}

/* ---- iSCSI ---- */

static bool all_alnum(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]))
			return false;
	return s[n] == '\0';
}

/* iqn.YYYY-MM.NAME:MORE anywhere, eui. and 16, naa. and 32 letters or digits; "": the words before it. */
static bool iqn_tail(const char *s)
{
	const char *digits = "dddd-dd.";
	const char *colon;

	for (; *digits; digits++, s++)
		if (*digits == 'd' ? !isdigit((unsigned char)*s) : *s != *digits)
			return false;
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.");
	colon = s + n;
	if (!n || *colon != ':' || !colon[1])
		return false;
	return !strpbrk(colon + 1, ",;*&$| \t\n\f\r");
}

static bool iqn_valid(const char *s)
{
	for (const char *p = s; (p = strstr(p, "iqn")); p++)
		if (p[3] && iqn_tail(p + 4))
			return true;
	return false;
}

static void check_iqn(const struct volume *v, const char *name, const char *key)
{
	const char *detail = NULL;

	if (!strncmp(name, "iqn", 3))
		detail = iqn_valid(name) ? NULL : "must be valid format";
	else if (!strncmp(name, "eui", 3))
		detail = name[3] && strlen(name) == 20 && all_alnum(name + 4, 16) ? NULL
										  : "must be valid format";
	else if (!strncmp(name, "naa", 3))
		detail = name[3] && strlen(name) == 36 && all_alnum(name + 4, 32) ? NULL
										  : "must be valid format";
	else
		detail = v->persistent ? "must be valid format"
				       : "must be valid format starting with iqn, eui, or naa";
	if (detail)
		field_error_invalid_str(v->errs, PATH("%s.%s", v->path, key), name, detail);
}

static void check_iscsi(const struct volume *v)
{
	const char *iqn = js_str0(v->source, "iqn", NULL),
		   *initiator = js_str(v->source, "initiatorName", NULL);
	const char *portal = js_str0(v->source, "targetPortal", NULL);

	if (*iqn)
		check_iqn(v, iqn, "iqn");
	if ((js_bool(v->source, false, "chapAuthDiscovery", NULL) ||
	     js_bool(v->source, false, "chapAuthSession", NULL)) &&
	    !js_field(v->source, "secretRef"))
		field_error_required(v->errs, PATH("%s.secretRef", v->path), "");
	if (!initiator)
		return;
	check_iqn(v, initiator, "initiatorname");
	if (strlen(v->name) + 1 + strlen(portal) > 64)
		field_error_invalid_str(
			v->errs, v->persistent ? PATH("%s.targetportal", v->path) : PATH("%s.name", v->at),
			v->persistent ? portal : v->name,
			"Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.");
}

/* ---- others ---- */

static void check_flocker(const struct volume *v)
{
	const char *name = js_str0(v->source, "datasetName", NULL),
		   *uuid = js_str0(v->source, "datasetUUID", NULL);

	if (!*name && !*uuid)
		field_error_required(v->errs, v->path, "one of datasetName and datasetUUID is required");
	if (*name && *uuid)
		field_error_invalid_str(v->errs, v->path, "resource",
					"datasetName and datasetUUID can not be specified simultaneously");
	if (strchr(name, '/'))
		field_error_invalid_str(v->errs, PATH("%s.datasetName", v->path), name,
					"must not contain '/'");
}

/* HOST:PORT, as Go splits it: a colon that is the last and, outside brackets, the only one. */
static bool is_pair(const char *s, size_t n)
{
	const char *last = n ? memrchr(s, ':', n) : NULL;

	if (!last)
		return false;
	size_t host = (size_t)(last - s);
	if (host && s[0] == '[') {
		const char *end = memchr(s, ']', n);
		if (!end || end + 1 != last)
			return false;
		return !memchr(s + 1, '[', n - 1) && !memchr(end + 1, ']', n - (size_t)(end + 1 - s));
	}
	return !memchr(s, ':', host) && !memchr(s, '[', n) && !memchr(s, ']', n);
}

static void check_quobyte(const struct volume *v)
{
	static const char pairs[] = "must be a host:port pair or multiple pairs separated by commas";
	const char *registry = js_str0(v->source, "registry", NULL);

	if (!*registry)
		return; /* the schema has said so */
	if (strlen(js_str0(v->source, "tenant", NULL)) >= 65) {
		field_error_required(v->errs, PATH("%s.tenant", v->path),
				     "must be a UUID and may not exceed a length of 64 characters");
		return;
	}
	for (const char *s = registry;; s++) {
		size_t n = strcspn(s, ",");
		if (!is_pair(s, n))
			field_error_invalid_str(v->errs, PATH("%s.registry", v->path), registry, pairs);
		s += n;
		if (!*s)
			return;
	}
}

static void check_downward(const struct volume *v)
{
	podspec_check_files(js_arr(v->source, "items", NULL), v->path, v->errs);
}

static void check_fc(const struct volume *v)
{
	const js *wwns = js_arr(v->source, "targetWWNs", NULL), *lun = js_field(v->source, "lun");
	bool has_wwns = js_len(wwns), has_wwids = js_len(js_arr(v->source, "wwids", NULL));

	if (!has_wwns && !has_wwids)
		field_error_required(v->errs, PATH("%s.targetWWNs", v->path),
				     "must specify either targetWWNs or wwids, but not both");
	if (has_wwns && has_wwids)
		field_error_invalid(v->errs, PATH("%s.targetWWNs", v->path), wwns,
				    "targetWWNs and wwids can not be specified simultaneously");
	if (!has_wwns)
		return;
	if (!lun)
		field_error_required(v->errs, PATH("%s.lun", v->path),
				     "lun is required if targetWWNs is specified");
	else if (js_int(lun, 0, NULL) < 0 || js_int(lun, 0, NULL) > 255)
		field_error_invalid(v->errs, PATH("%s.lun", v->path), lun,
				    "must be between 0 and 255, inclusive");
}

static bool ends_with(const char *s, size_t n, const char *end)
{
	size_t k = strlen(end);

	return n >= k && !strncasecmp(s + n - k, end, k);
}

static void check_flex(const struct volume *v)
{
	for (struct js_iter it = js_iter(js_obj(v->source, "options", NULL)); js_next(&it);) {
		autofree char *ns = mem_printf(".%.*s", (int)strcspn(it.key, "/"), it.key);
		if (ends_with(ns, strlen(ns), ".kubernetes.io") || ends_with(ns, strlen(ns), ".k8s.io"))
			field_error_invalid_str(v->errs, PATH("%s.options[%s]", v->path, it.key), it.key,
						"kubernetes.io and k8s.io namespaces are reserved");
	}
}

static void check_azure_disk(const struct volume *v)
{
	static const char *const managed[] = {
		"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
		NULL};
	static const char *const blob[] = {
		"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd", NULL};
	const char *uri = js_str0(v->source, "diskURI", NULL), *kind = js_str(v->source, "kind", NULL);

	if (!kind)
		return;
	bool is_managed = !strcmp(kind, "Managed");
	const char *start = is_managed ? "/subscriptions/" : "https://";
	v->errs->look = '3';
	if (strncmp(uri, start, strlen(start)))
		field_error_not_supported(v->errs, PATH("%s.diskURI", v->path), uri,
					  is_managed ? managed : blob);
	v->errs->look = 0;
}

static void check_projected(const struct volume *v)
{
	podspec_check_projected(v->spec, v->source, v->path);
}

static void check_csi(const struct volume *v)
{
	const char *secret = js_str0(v->source, "nodePublishSecretRef", "name", NULL);
	struct name_faults bad;

	if (*secret && name_check_dns1123_subdomain(secret, &bad))
		field_error_names(v->errs, PATH("%s.name", v->path), secret, &bad);
}

/* The claim will be called like the Pod and the volume. */
static void check_ephemeral(const struct volume *v)
{
	const js *template = js_obj(v->source, "volumeClaimTemplate", NULL);
	struct name_faults bad;

	if (template)
		podspec_check_claim_template(template, PATH("%s.volumeClaimTemplate", v->path), v->errs);
	if (!v->spec->pod || !*v->spec->pod || !*v->name)
		return;
	autofree char *claim = mem_printf("%s-%s", v->spec->pod, v->name);
	name_check_dns1123_subdomain(claim, &bad);
	for (size_t i = 0; i < bad.n; i++) {
		autofree char *detail = mem_printf("PVC name \"%s\": %s", claim, bad.v[i]);
		field_error_invalid_str(v->errs, PATH("%s.name", v->at), v->name, detail);
	}
}

/* A template may leave the image to who makes something of it. */
static void check_image(const struct volume *v)
{
	static const char *const asked[] = {"reference", "pullPolicy"};

	for (size_t i = v->spec->pod ? 0 : 1; i < ARRAY_LEN(asked); i++)
		if (!*js_str0(v->source, asked[i], NULL))
			field_error_required(v->errs, PATH("%s.%s", v->path, asked[i]), "");
}

/* In the order in which upstream looks at them: it looks into the first one only. volume.yaml has the same. */
static const struct {
	const char *name;
	void (*check)(const struct volume *v);
} sources[] = {
	{"emptyDir", check_empty_dir},
	{"hostPath", NULL},
	{"gitRepo", NULL},
	{"gcePersistentDisk", NULL},
	{"awsElasticBlockStore", NULL},
	{"secret", NULL},
	{"nfs", NULL},
	{"iscsi", check_iscsi},
	{"glusterfs", NULL},
	{"flocker", check_flocker},
	{"persistentVolumeClaim", NULL},
	{"rbd", NULL},
	{"cinder", NULL},
	{"cephfs", NULL},
	{"quobyte", check_quobyte},
	{"downwardAPI", check_downward},
	{"fc", check_fc},
	{"flexVolume", check_flex},
	{"configMap", NULL},
	{"azureFile", NULL},
	{"vsphereVolume", NULL},
	{"photonPersistentDisk", NULL},
	{"portworxVolume", NULL},
	{"azureDisk", check_azure_disk},
	{"storageos", NULL},
	{"projected", check_projected},
	{"scaleIO", NULL},
	{"csi", check_csi},
	{"ephemeral", check_ephemeral},
	{"image", check_image},
};

static size_t rank_of(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_LEN(sources) && strcmp(sources[i].name, name))
		i++;
	return i;
}

static void check_volume(struct podspec *p, const js *volume, size_t index)
{
	size_t first = ARRAY_LEN(sources);

	for (struct js_iter it = js_iter(volume); js_next(&it);) {
		size_t rank = strcmp(it.key, "name") ? rank_of(it.key) : ARRAY_LEN(sources);
		first = rank < first ? rank : first;
	}
	if (first == ARRAY_LEN(sources) || !sources[first].check ||
	    (!first && !js_get(volume, "emptyDir", "sizeLimit", NULL)))
		return;
	const char *at = PATH("%s.volumes[%zu]", p->base, index);
	const struct volume v = {
		.spec = p,
		.source = js_field(volume, sources[first].name),
		.name = js_str0(volume, "name", NULL),
		.at = at,
		.path = PATH("%s.%s", at, sources[first].name),
		.errs = p->errs,
	};
	sources[first].check(&v);
}

void podspec_validate_persistent(const js *spec, const char *name, const char *path,
				 struct field_errors *errs)
{
	static const char *const alike[] = {"flocker", "quobyte", "iscsi", "fc", "flexVolume", "azureDisk"};

	for (size_t i = 0; i < ARRAY_LEN(alike); i++) {
		const struct volume v = {
			.source = js_obj(spec, alike[i], NULL),
			.name = name,
			.path = PATH("%s.%s", path, alike[i]),
			.persistent = true,
			.errs = errs,
		};
		if (v.source)
			sources[rank_of(alike[i])].check(&v);
	}
}

/* Nobody may use a claim that the Pod itself makes. */
static void check_claims(struct podspec *p, const js *volumes)
{
	autounique struct unique made = {.n = 0};

	if (!p->pod || !*p->pod)
		return;
	js_array_for_each (v, volumes)
		if (js_field(v, "ephemeral"))
			unique_seen_f(&made, "%s-%s", p->pod, js_str0(v, "name", NULL));
	js_array_for_each (v, made.seen ? volumes : NULL) {
		const char *claim = js_str0(v, "persistentVolumeClaim", "claimName", NULL);
		if (*claim && unique_has(&made, claim))
			field_error_invalid_str(
				p->errs,
				PATH("%s.volumes[%zu].persistentVolumeClaim.claimName", p->base, v_i), claim,
				"must not reference a PVC that gets created for an ephemeral volume");
	}
}

/* A volume about which something was said is none. */
static void collect(struct podspec *p, const js *volumes)
{
	autofree bool *wrong = p->errs->n ? mem_zalloc(js_len(volumes) + 1) : NULL;
	autofree char *start = mem_printf("%s.volumes[", p->base);
	size_t n = strlen(start);

	for (size_t i = 0; i < field_errors_kept(p->errs); i++) {
		if (strncmp(p->errs->v[i].field, start, n))
			continue;
		size_t index = strtoul(p->errs->v[i].field + n, NULL, 10);
		if (index < js_len(volumes))
			wrong[index] = true;
	}
	js_array_for_each (v, volumes)
		if (!wrong || !wrong[v_i])
			map_set(&p->volumes, js_str0(v, "name", NULL), v);
}

/* A volume with which anything is wrong leaves its name to others. */
static void check_names(const struct podspec *p, const js *volumes)
{
	autounique struct unique names = {.n = 0};

	js_array_for_each (v, volumes) {
		const char *name = js_str0(v, "name", NULL), *path = PATH("%s.volumes[%zu]", p->base, v_i);
		if (unique_has(&names, name))
			field_error_duplicate(p->errs, PATH("%s.name", path), name);
		else if (!field_errors_below(p->errs, path))
			unique_seen(&names, name);
	}
}

void podspec_check_volumes(struct podspec *p)
{
	const js *volumes = js_arr(p->spec, "volumes", NULL);

	if (!volumes)
		return;
	js_array_for_each (v, volumes)
		check_volume(p, v, v_i);
	check_names(p, volumes);
	collect(p, volumes);
	check_claims(p, volumes);
}
