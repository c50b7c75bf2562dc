/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of all three lists: what each may have, and what must differ between them. */
#include "kinds/podspec/podspec_internal.h"

#include "object/name.h"

#define RULES_MAX 20
#define CODES_MAX 255

const char *const podspec_lists[PODSPEC_LISTS] = {"initContainers", "containers", "ephemeralContainers"};

/* ---- ports ---- */

static void check_port_names(const struct podspec_container *c, const js *ports)
{
	autounique struct unique names = {.n = 0};
	struct name_faults bad;

	js_array_for_each (p, ports) {
		const char *name = js_str0(p, "name", NULL);
		if (*name && unique_seen(&names, name) && !name_check_port_name(name, &bad))
			field_error_duplicate(c->spec->errs, PATH("%s.ports[%zu].name", c->path, p_i), name);
	}
}

static void check_host_ports(const struct podspec *p, const js *container, struct unique *seen,
			     const char *path)
{
	js_array_for_each (port, js_arr(container, "ports", NULL)) {
		int64_t host = js_int(port, 0, "hostPort", NULL);
		if (!host)
			continue;
		autofree char *key = mem_printf("%s/%s/%lld", js_str0(port, "protocol", NULL),
						js_str0(port, "hostIP", NULL), (long long)host);
		p->errs->look = '4';
		if (unique_seen(seen, key))
			field_error_duplicate(p->errs, PATH("%s.ports[%zu].hostPort", path, port_i), key);
		p->errs->look = 0;
	}
}

/* ---- probes and hooks ---- */

static void check_probe(const struct podspec_container *c, const char *key)
{
	const js *probe = js_obj(c->o, key, NULL);
	const js *grace = js_field(probe, "terminationGracePeriodSeconds");
	struct field_errors *errs = c->spec->errs;

	if (!probe)
		return;
	errs->look = '3';
	if (!strcmp(key, "readinessProbe")) {
		if (grace)
			field_error_invalid(errs, PATH("%s.%s.terminationGracePeriodSeconds", c->path, key),
					    grace, "must not be set for readinessProbes");
	} else if (js_int(probe, 1, "successThreshold", NULL) != 1) {
		field_error_invalid(errs, PATH("%s.%s.successThreshold", c->path, key),
				    js_field(probe, "successThreshold"), "must be 1");
	}
	errs->look = 0;
}

static void check_sleep(const struct podspec_container *c, const char *hook)
{
	const js *handler = js_obj(c->o, "lifecycle", hook, NULL), *sleep = js_obj(handler, "sleep", NULL);
	int64_t grace = js_int(c->spec->spec, 30, "terminationGracePeriodSeconds", NULL);
	int64_t seconds = js_int(sleep, 0, "seconds", NULL);

	if (!sleep || js_len(handler) > 1 || (seconds >= 0 && seconds <= grace))
		return; /* beside another handler only that is told to go */
	autofree char *detail = mem_printf(
		"must be non-negative and less than terminationGracePeriodSeconds (%lld)", (long long)grace);
	field_error_invalid(c->spec->errs, PATH("%s.lifecycle.%s.sleep", c->path, hook),
			    js_field(sleep, "seconds"), detail);
}

/* Which there are depends on the system, so it has to be named. */
static void check_stop_signal(const struct podspec_container *c)
{
	static const char *const of_linux[] = {
		"SIGABRT",     "SIGALRM",     "SIGBUS",	     "SIGCHLD",	    "SIGCLD",	   "SIGCONT",
		"SIGFPE",      "SIGHUP",      "SIGILL",	     "SIGINT",	    "SIGIO",	   "SIGIOT",
		"SIGKILL",     "SIGPIPE",     "SIGPOLL",     "SIGPROF",	    "SIGPWR",	   "SIGQUIT",
		"SIGRTMAX",    "SIGRTMAX-1",  "SIGRTMAX-10", "SIGRTMAX-11", "SIGRTMAX-12", "SIGRTMAX-13",
		"SIGRTMAX-14", "SIGRTMAX-2",  "SIGRTMAX-3",  "SIGRTMAX-4",  "SIGRTMAX-5",  "SIGRTMAX-6",
		"SIGRTMAX-7",  "SIGRTMAX-8",  "SIGRTMAX-9",  "SIGRTMIN",    "SIGRTMIN+1",  "SIGRTMIN+10",
		"SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13", "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMIN+2",
		"SIGRTMIN+3",  "SIGRTMIN+4",  "SIGRTMIN+5",  "SIGRTMIN+6",  "SIGRTMIN+7",  "SIGRTMIN+8",
		"SIGRTMIN+9",  "SIGSEGV",     "SIGSTKFLT",   "SIGSTOP",	    "SIGSYS",	   "SIGTERM",
		"SIGTRAP",     "SIGTSTP",     "SIGTTIN",     "SIGTTOU",	    "SIGURG",	   "SIGUSR1",
		"SIGUSR2",     "SIGVTALRM",   "SIGWINCH",    "SIGXCPU",	    "SIGXFSZ",	   NULL};
	static const char *const of_windows[] = {"SIGKILL", "SIGTERM", NULL};
	const char *signal = js_str(c->o, "lifecycle", "stopSignal", NULL);
	const js *os = js_obj(c->spec->spec, "os", NULL);
	const char *name = js_str0(os, "name", NULL);
	const char *const *known = !strcmp(name, "linux")     ? of_linux
				   : !strcmp(name, "windows") ? of_windows
							      : NULL;

	if (!signal)
		return;
	const char *path = PATH("%s.lifecycle.stopSignal", c->path);
	if (!os)
		field_error_forbidden(c->spec->errs, path,
				      "may not be set for containers with empty `spec.os.name`");
	for (size_t i = 0; known && known[i]; i++)
		if (!strcmp(known[i], signal))
			return;
	if (known)
		field_error_not_supported(c->spec->errs, path, signal, known);
}

static void check_life(const struct podspec_container *c)
{
	check_sleep(c, "postStart");
	check_sleep(c, "preStop");
	check_stop_signal(c);
	check_probe(c, "livenessProbe");
	check_probe(c, "readinessProbe");
	check_probe(c, "startupProbe");
}

/* ---- resizing ---- */

static void check_resize(const struct podspec_container *c)
{
	bool never = !strcmp(js_str0(c->spec->spec, "restartPolicy", NULL), "Never");
	autounique struct unique seen = {.n = 0};

	js_array_for_each (p, js_arr(c->o, "resizePolicy", NULL)) {
		const char *policy = js_str0(p, "restartPolicy", NULL),
			   *name = js_str0(p, "resourceName", NULL);
		if (unique_seen(&seen, name))
			field_error_duplicate(c->spec->errs, PATH("%s.resizePolicy[%zu]", c->path, p_i),
					      name);
		if (never && strcmp(policy, "NotRequired"))
			field_error_invalid_str(c->spec->errs, PATH("%s.resizePolicy", c->path), policy,
						"must be 'NotRequired' when `restartPolicy` is 'Never'");
	}
}

/* ---- one container ---- */

static void check_common(const struct podspec_container *c)
{
	const js *ports = js_arr(c->o, "ports", NULL);

	if (ports)
		check_port_names(c, ports);
	podspec_check_env(c);
	podspec_check_mounts(c);
	podspec_check_requirements(c);
	check_resize(c);
	podspec_check_security(c);
}

void podspec_validate_image(const js *container, const char *path, struct field_errors *errs)
{
	const char *image = js_str0(container, "image", NULL);

	if (podspec_is_padded(image))
		field_error_invalid_str(errs, PATH("%s.image", path), image,
					"must not have leading or trailing whitespace");
}

/* Values are the schema's to check; what is absent is not. */
static void check_rule(const js *rule, const char *path, struct field_errors *errs)
{
	static const char *const actions[] = {"Restart", NULL}, *const operators[] = {"In", "NotIn", NULL};
	const js *codes = js_obj(rule, "exitCodes", NULL);

	if (!*js_str0(rule, "action", NULL))
		field_error_not_supported(errs, PATH("%s.action", path), "", actions);
	if (!codes) {
		field_error_required(errs, PATH("%s.exitCodes", path), "must be specified");
		return;
	}
	if (!*js_str0(codes, "operator", NULL))
		field_error_not_supported(errs, PATH("%s.exitCodes.operator", path), "", operators);
	if (js_len(js_arr(codes, "values", NULL)) > CODES_MAX)
		field_error_too_long(errs, PATH("%s.exitCodes.values", path), CODES_MAX);
}

static void check_restart(const struct podspec_container *c)
{
	static const char *const policies[] = {"Always", "Never", "OnFailure", NULL};
	const char *policy = js_str(c->o, "restartPolicy", NULL);
	const js *rules = js_arr(c->o, "restartPolicyRules", NULL);
	struct field_errors *errs = c->spec->errs;
	bool known = false;

	for (size_t i = 0; policy && policies[i]; i++)
		known |= !strcmp(policy, policies[i]);
	if (!policy && js_len(rules))
		field_error_required(errs, PATH("%s.restartPolicy", c->path),
				     "must specify restartPolicy when restart rules are used");
	else if (policy && !known)
		field_error_not_supported(errs, PATH("%s.restartPolicy", c->path), policy, policies);
	if (js_len(rules) > RULES_MAX)
		field_error_too_long(errs, PATH("%s.restartPolicyRules", c->path), RULES_MAX);
	js_array_for_each (r, rules)
		check_rule(r, PATH("%s.restartPolicyRules[%zu]", c->path, r_i), errs);
}

/* Nobody looks at the rules of one without a policy. */
static void check_init_restart(const struct podspec_container *c, const char *policy)
{
	bool sidecar = !strcmp(policy, "Always");

	if (js_field(c->o, "restartPolicy") && !sidecar) {
		check_restart(c);
		return;
	}
	field_errors_drop(c->spec->errs, PATH("%s.restartPolicyRules", c->path));
	if (sidecar && js_len(js_arr(c->o, "restartPolicyRules", NULL)))
		field_error_forbidden(
			c->spec->errs, PATH("%s.restartPolicyRules", c->path),
			"restartPolicyRules are not allowed for init containers with restart policy Always");
}

static void check_app(const struct podspec_container *c)
{
	check_life(c);
	check_restart(c);
}

static const char *const of_life[] = {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"};

/* What may not be there is not looked into. */
static void overlook_life(const struct podspec_container *c)
{
	for (size_t i = 0; i < ARRAY_LEN(of_life); i++)
		field_errors_drop(c->spec->errs, PATH("%s.%s", c->path, of_life[i]));
}

static void check_init(const struct podspec_container *c)
{
	const char *policy = js_str0(c->o, "restartPolicy", NULL);

	check_init_restart(c, policy);
	if (!strcmp(policy, "Always")) {
		check_life(c);
		return;
	}
	overlook_life(c);
	for (size_t i = 0; i < ARRAY_LEN(of_life); i++)
		if (js_field(c->o, of_life[i]))
			field_error_forbidden(
				c->spec->errs, PATH("%s.%s", c->path, of_life[i]),
				"may not be set for init containers without restartPolicy=Always");
}

/* Whether upstream's Go value would differ from the zero one. */
static bool is_set(const js *v)
{
	return v && (!js_is_obj(v) || js_len(v)) && (!js_is_arr(v) || js_len(v));
}

static void check_ephemeral(const struct podspec_container *c)
{
	static const char *const banned[] = {"ports",	      "resources",	"resizePolicy",
					     "livenessProbe", "readinessProbe", "startupProbe",
					     "lifecycle",     "restartPolicy",	"restartPolicyRules"};
	static const char *const sub_paths[] = {"subPath", "subPathExpr"};
	static const char detail[] = "cannot be set for an Ephemeral Container";
	struct field_errors *errs = c->spec->errs;

	overlook_life(c);
	errs->look = '9';
	podspec_validate_image(c->o, c->path, errs);
	for (size_t i = 0; i < ARRAY_LEN(banned); i++)
		if (is_set(js_field(c->o, banned[i])))
			field_error_forbidden(errs, PATH("%s.%s", c->path, banned[i]), detail);
	js_array_for_each (m, js_arr(c->o, "volumeMounts", NULL)) {
		for (size_t i = 0; i < ARRAY_LEN(sub_paths); i++)
			if (*js_str0(m, sub_paths[i], NULL))
				field_error_forbidden(
					errs, PATH("%s.volumeMounts[%zu].%s", c->path, m_i, sub_paths[i]),
					detail);
	}
	errs->look = 0;
}

/* ---- the lists ---- */

static void check_list(const struct podspec *p, const char *list,
		       void (*check)(const struct podspec_container *c))
{
	bool apps = check == check_app;
	autounique struct unique all_ports = {.n = 0};

	js_array_for_each (o, js_arr(p->spec, list, NULL)) {
		autounique struct unique own_ports = {.n = 0};
		const struct podspec_container c = {
			.spec = p, .o = o, .path = PATH("%s.%s[%zu]", p->base, list, o_i)};
		check_common(&c);
		check(&c);
		/* Init containers run one by one. Upstream leaves out which of them it was. */
		if (apps)
			check_host_ports(p, o, &all_ports, c.path);
		else if (check == check_init)
			check_host_ports(p, o, &own_ports, PATH("%s.%s[0]", p->base, list));
	}
}

static void note_names(struct unique *names, const js *list)
{
	js_array_for_each (c, list)
		unique_seen(names, js_str0(c, "name", NULL));
}

/* The schema sees to names within one list. */
static void check_names(const struct podspec *p, const js *list, const char *name,
			const struct unique *others)
{
	p->errs->look = '2';
	js_array_for_each (c, list) {
		const char *s = js_str0(c, "name", NULL);
		if (*s && unique_has(others, s))
			field_error_duplicate(p->errs, PATH("%s.%s[%zu].name", p->base, name, c_i), s);
	}
	p->errs->look = 0;
}

void podspec_check_containers(const struct podspec *p)
{
	const js *inits = js_arr(p->spec, "initContainers", NULL),
		 *ephemerals = js_arr(p->spec, "ephemeralContainers", NULL);
	autounique struct unique names = {.n = 0};

	check_list(p, "containers", check_app);
	if (!js_len(inits) && !js_len(ephemerals))
		return;
	note_names(&names, js_arr(p->spec, "containers", NULL));
	check_list(p, "initContainers", check_init);
	check_names(p, inits, "initContainers", &names);
	note_names(&names, inits);
	check_list(p, "ephemeralContainers", check_ephemeral);
	check_names(p, ephemerals, "ephemeralContainers", &names);
	js_array_for_each (e, ephemerals) {
		const char *target = js_str0(e, "targetContainerName", NULL);
		if (*target && !unique_has(&names, target))
			field_error_not_found(
				p->errs,
				PATH("%s.ephemeralContainers[%zu].targetContainerName", p->base, e_i),
				target);
	}
}
