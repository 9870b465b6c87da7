// The interactive page: reads the OpenAPI document and makes a form of each operation. All text goes in as text
// (textContent), never as markup, and nothing is asked of any other server.
"use strict";

const DESCRIPTION = "/api/v1/openapi.json";
const METHODS = ["get", "post", "put", "patch", "delete"];

main();

async function main() {
  const place = document.getElementById("operations");
  try {
    const api = await (await fetch(DESCRIPTION)).json();
    document.getElementById("about").textContent = api.info.description;
    place.replaceChildren(...sections(api));
  } catch (error) {
    place.replaceChildren(element("p", {}, `The description cannot be read: ${error}`));
  }
}

function sections(api) {
  const byTag = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => name in item)) {
      const tag = (item[method].tags || ["other"])[0];
      if (!byTag.has(tag)) byTag.set(tag, [element("h2", {}, tag)]);
      byTag.get(tag).push(operation(api, path, method, item[method]));
    }
  }
  return [...byTag.values()].flat();
}

function operation(api, path, method, described) {
  const parameters = (described.parameters || []).filter((one) => one.in !== "cookie" && one.in !== "header");
  const fields = parameters.map((one) => field(one));
  const body = described.requestBody ? bodyField(api, described.requestBody) : null;
  const result = element("pre", { hidden: "" });
  const form = element("form", {},
    element("p", {}, described.description || ""),
    ...fields.map((one) => one.label),
    ...(body ? [body.label] : []),
    element("button", {}, "Send"),
    result);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    result.hidden = false;
    result.textContent = await send(method, path, fields, body);
  });
  return element("details", {},
    element("summary", {},
      element("span", { class: "method" }, method.toUpperCase()),
      element("code", {}, path),
      element("span", { class: "summary" }, described.summary || "")),
    form);
}

function field(parameter) {
  const schema = parameter.schema || {};
  const input = element("input", { name: parameter.name, autocomplete: "off", placeholder: String(schema.default ?? "") });
  if (parameter.required) input.required = true;
  const hint = element("span", { class: "hint" }, parameter.description || schema.description || "");
  return { where: parameter.in, input, label: element("label", {}, parameter.name, input, hint) };
}

function bodyField(api, requestBody) {
  const schema = Object.values(requestBody.content)[0].schema;
  const input = element("textarea", { rows: "8", spellcheck: "false" });
  input.value = JSON.stringify(example(api, schema, 0), null, 2);
  return { input, label: element("label", {}, "Body (JSON)", input) };
}

// What a body may look like: the examples that the description gives, put together.
function example(api, schema, depth) {
  if (!schema || depth > 8) return null;
  if (schema.$ref) return example(api, schema.$ref.split("/").slice(1).reduce((at, part) => at[part], api), depth + 1);
  if (schema.examples) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const choice = schema.anyOf || schema.oneOf;
  if (choice) return choice.some((one) => one.type === "null") ? null : example(api, choice[0], depth + 1);
  if (schema.properties) {
    const names = Object.keys(schema.properties);
    return Object.fromEntries(names.map((name) => [name, example(api, schema.properties[name], depth + 1)]));
  }
  if (schema.type === "array") return schema.items ? [example(api, schema.items, depth + 1)] : [];
  return { string: "", integer: 0, number: 0, boolean: false }[schema.type] ?? null;
}

async function send(method, path, fields, body) {
  const query = new URLSearchParams();
  for (const one of fields) {
    const value = one.input.value;
    if (one.where === "path") path = path.replace(`{${one.input.name}}`, encodeURIComponent(value));
    else if (value !== "") query.set(one.input.name, value);
  }
  const headers = {};
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  try {
    const url = query.size ? `${path}?${query}` : path;
    const answer = await fetch(url, { method: method.toUpperCase(), headers, body: body ? body.input.value : undefined });
    return `${answer.status} ${answer.statusText}\n\n${pretty(await answer.text())}`;
  } catch (error) {
    return `No answer: ${error}`;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
