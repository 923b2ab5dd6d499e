// Times as the clock of the person says. Pages and forms say UTC, and name it; with this they name the person's own zone,
// and what is typed goes out as the moment that it means.

const written = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });

// What a field for date and time holds: the local time, without a zone.
function local(moment) {
  const pad = (number) => String(number).padStart(2, "0");
  const day = [moment.getFullYear(), pad(moment.getMonth() + 1), pad(moment.getDate())].join("-");
  return `${day}T${pad(moment.getHours())}:${pad(moment.getMinutes())}`;
}

export function startMoments() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const field of document.querySelectorAll("input[data-utc]")) {
    if (field.defaultValue) field.defaultValue = field.value = local(new Date(`${field.defaultValue}Z`));
    field.form.addEventListener("formdata", ({ formData }) => {
      const typed = formData.get(field.name);
      if (typed) formData.set(field.name, new Date(typed).toISOString());
    });
  }
  for (const shown of document.querySelectorAll("time[data-utc]")) shown.textContent = written.format(new Date(shown.dateTime));
  for (const name of document.querySelectorAll("[data-zone]")) name.textContent = zone;
}
