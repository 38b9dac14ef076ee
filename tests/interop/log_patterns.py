"""Reads log lines from standard input as the programs that ship logs would, by our configs.

    log_patterns.py filebeat|promtail|alloy|google-cloud-ops|cloudwatch DIRECTORY

Prints a JSON object for each line: time (RFC 3339), name, level, message. Regular expressions run
on RE2, which those programs have; the steps around them are done as their documentation says.
"""

import datetime
import json
import pathlib
import re
import sys

import re2
import yaml

LOCAL = datetime.datetime.now().astimezone().tzinfo


def from_go(text, layouts):
    """Parses a time by the layouts of Go that our configs use; others fail."""
    known = {
        "2006-01-02 15:04:05": "%Y-%m-%d %H:%M:%S",
        "2006-01-02T15:04:05.999Z07:00": "%Y-%m-%dT%H:%M:%S.%f%z",
        "RFC3339Nano": "%Y-%m-%dT%H:%M:%S.%f%z",
    }
    for layout in layouts:
        try:
            return datetime.datetime.strptime(text, known[layout])
        except ValueError:
            continue
    raise ValueError(f"{text}: none of {layouts}")


def told(time, name, level, message, zone=None):
    # `Local`, or nothing to say about an offset that is there.
    assert time.tzinfo or zone is not None, "a time without an offset and without a zone"
    time = time if time.tzinfo else time.astimezone(zone)
    print(json.dumps({"time": time.isoformat(), "name": name, "level": level, "message": message}))


def groups(pattern, line):
    # The last version of RE2 knows both ways to name a group, older ones only this one.
    return re2.search(pattern.replace("(?<", "(?P<"), line).groupdict()


def dissect(tokenizer, text):
    """Cuts a text at the literal parts between `%{key}`, each at its first occurrence."""
    keys = re.findall(r"%\{([a-z]+)\}", tokenizer)
    delimiters = re.split(r"%\{[a-z]+\}", tokenizer)[1:-1]
    fields = {}
    for key, delimiter in zip(keys, delimiters):
        fields[key], text = text.split(delimiter, 1)
    fields[keys[-1]] = text
    return fields


def filebeat(directory):
    config = yaml.safe_load((directory / "filebeat.yml").read_text())
    branch, timestamp, rename = config["processors"]
    timestamp = timestamp["timestamp"]
    renamed = {step["from"]: step["to"] for step in rename["rename"]["fields"]}
    assert renamed == {"syft.level": "log.level", "syft.name": "service.name"}
    for test in timestamp["test"]:
        from_go(test, timestamp["layouts"])

    def read(line):
        condition = branch["if"]["regexp"]["message"]
        if re2.search(condition, line):
            (step,) = branch["then"]
            assert step["decode_json_fields"]["target"] == "syft"
            fields = json.loads(line)
        else:
            (step,) = branch["else"]
            assert step["dissect"]["target_prefix"] == "syft"
            fields = dissect(step["dissect"]["tokenizer"], line)
        assert timestamp["field"] == "syft.time" and timestamp["timezone"] == "Local"
        time = from_go(fields["time"], timestamp["layouts"])
        told(time, fields["name"], fields["level"], fields["message"], LOCAL)

    return read


def loki(stages, labels):
    """Runs the stages of a pipeline: (selector, kind, details) of those in a match."""
    def read(line):
        extracted = {}
        time = None
        for selector, kind, details in stages:
            operator, quoted = re.fullmatch(r'\{job="syft-notify"\} (!~|\|~) (".*")', selector).groups()
            if bool(re2.search(json.loads(quoted), line)) != (operator == "|~"):
                continue
            if kind == "regex":
                extracted.update(groups(details["expression"], line))
            elif kind == "json":
                values = json.loads(line)
                extracted.update({key: values[key] for key in details["expressions"]})
            else:
                time = from_go(extracted[details["source"]], [details["format"]])
                zone = LOCAL if details.get("location") == "Local" else None
        assert labels == ["level"]
        told(time, extracted["name"], extracted["level"], extracted["message"], zone)

    return read


def promtail(directory):
    config = yaml.safe_load((directory / "promtail.yml").read_text())
    (scrape,) = config["scrape_configs"]
    *matches, labels, output = scrape["pipeline_stages"]
    assert output == {"output": {"source": "message"}}
    stages = [
        (match["match"]["selector"], *next(iter(stage.items())))
        for match in matches
        for stage in match["match"]["stages"]
    ]
    return loki(stages, list(labels["labels"]))


def alloy(directory):
    """Reads the few forms of Alloy's language that our config uses."""
    text = re.sub(r"^\s*//.*$", "", (directory / "config.alloy").read_text(), flags=re.M)
    stages = []
    for match in re.findall(r"stage\.match \{(.*?)\n  \}", text, re.S):
        selector = re.search(r"selector = `(.*)`", match)[1]
        for kind, body in re.findall(r"stage\.(regex|json|timestamp) \{(.*?)\n    \}", match, re.S):
            details = dict(re.findall(r"^\s*(\w+)\s*= (?:`|\"|\{)(.*)(?:`|\"|\})$", body, re.M))
            if kind == "json":
                details["expressions"] = re.findall(r"(\w+) = \"\"", details["expressions"])
            stages.append((selector, kind, details))
    assert len(stages) == 4, stages
    labels = re.search(r"stage\.labels \{\s*values = \{(\w+) = \"\"\}", text)
    assert re.search(r'stage\.output \{\s*source = "message"', text)
    return loki(stages, [labels[1]])


def google_cloud_ops(directory):
    config = yaml.safe_load((directory / "google-cloud-ops.yaml").read_text())["logging"]
    processors = config["processors"]
    (pipeline,) = config["service"]["pipelines"].values()
    parse, severity = pipeline["processors"]
    severity = processors[severity]["fields"]["severity"]
    assert severity["move_from"] == "jsonPayload.level"

    def read(line):
        # As the comment in the file says for the form json.
        processor = processors[parse if line[0] != "{" else "syft_notify_json"]
        if processor["type"] == "parse_json":
            fields = json.loads(line)
        else:
            fields = groups(processor["regex"], line)
        layout = processor["time_format"].replace("%L", "%f")
        time = datetime.datetime.strptime(fields[processor["time_key"]], layout)
        level = severity["map_values"][fields["level"]]
        # The agent takes times without an offset for UTC: right where the machine does, too.
        told(time, fields["name"], level, fields["message"], LOCAL)

    return read


def cloudwatch(directory):
    """The agent takes the time; Logs Insights takes the rest by the query in the book."""
    config = json.loads((directory / "cloudwatch.json").read_text())
    files = config["logs"]["logs_collected"]["files"]["collect_list"]
    assert all(file["timezone"] == "Local" and file["encoding"] == "utf-8" for file in files)
    book = (directory / "../../docs/src/logging.md").read_text()
    glob, names = re.search(r'^parse @message "(.*)" as (.*)$', book, re.M).groups()
    expression = "^" + re.escape(glob).replace(r"\*", "(.*?)") + "$"

    def read(line):
        if line[0] == "{":
            fields = json.loads(line)
            time = datetime.datetime.fromisoformat(fields["time"])
            return told(time, fields["name"], fields["level"], fields["message"])
        time = datetime.datetime.strptime(line[:19], files[0]["timestamp_format"])
        fields = dict(zip(names.split(", "), re.match(expression, line).groups()))
        told(time, fields["name"], fields["level"], fields["text"], LOCAL)

    return read


READERS = {
    "filebeat": filebeat,
    "promtail": promtail,
    "alloy": alloy,
    "google-cloud-ops": google_cloud_ops,
    "cloudwatch": cloudwatch,
}


def main():
    read = READERS[sys.argv[1]](pathlib.Path(sys.argv[2]))
    for line in sys.stdin.buffer.read().decode("utf-8").splitlines():
        read(line)


if __name__ == "__main__":
    main()
