"""The manifests for Kubernetes, without a Kubernetes: by its schema, and by what pgweir says."""

import os
import re

import pytest

from support.pgweir import run_once, yaml

FOLDER = os.path.join(os.path.dirname(__file__), "../../tools/container")


def _manifests():
    with open(f"{FOLDER}/kubernetes.yaml", encoding="utf-8") as file:
        return {each["kind"]: each for each in yaml.safe_load_all(file)}


def _configuration():
    return _manifests()["ConfigMap"]["data"]["pgweir.yaml"]


def _pod():
    return _manifests()["Deployment"]["spec"]["template"]["spec"]


def _seconds(duration):
    return int(re.fullmatch(r"(\d+)s", duration)[1])


# The client's classes are made from the schema. What they do not know they drop, and what they must
# have they miss.
@pytest.mark.parametrize("kind, model", [
    ("ConfigMap", "V1ConfigMap"), ("Service", "V1Service"), ("Deployment", "V1Deployment"),
    ("PodDisruptionBudget", "V1PodDisruptionBudget")])
def test_manifests_are_of_their_schema(kind, model):
    client = pytest.importorskip("kubernetes.client")
    manifest = _manifests()[kind]
    api = client.ApiClient()
    read = api._ApiClient__deserialize(manifest, model)  # pylint: disable=protected-access
    assert api.sanitize_for_serialization(read) == manifest


def test_the_configuration_in_it_has_no_problem(tmp_path):
    (tmp_path / "auth").write_text("word")
    path = tmp_path / "pgweir.yaml"
    secret = f"file:{tmp_path}/auth"
    assert "file:/run/secrets/pgweir/auth" in _configuration()
    path.write_text(_configuration().replace("file:/run/secrets/pgweir/auth", secret))
    answer = run_once("--check", str(path))
    assert answer.returncode == 0, answer.stderr


def test_a_pod_has_the_time_that_it_takes_to_end():
    timeout = _seconds(yaml.safe_load(_configuration())["timeouts"]["shutdown_timeout"])
    sleep = int(_pod()["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert timeout + sleep < _pod()["terminationGracePeriodSeconds"]


def test_ports_users_and_labels_are_the_same_everywhere():
    with open(f"{FOLDER}/Containerfile", encoding="utf-8") as file:
        image = file.read()
    config, pod, manifests = yaml.safe_load(_configuration()), _pod(), _manifests()
    ports = {each["name"]: each["containerPort"] for each in pod["containers"][0]["ports"]}
    assert config["listen"] == [f"*:{ports['postgresql']}"]
    assert config["http"] == f"*:{ports['http']}"
    assert f"EXPOSE {ports['postgresql']} {ports['http']}\n" in image
    user = pod["securityContext"]["runAsUser"]
    assert f"USER {user}:{user}\n" in image and f"--uid {user} " in image
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
