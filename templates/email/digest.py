import syft_client as sc

client = sc.login_do(
    email={{ owner.python }},
{% if token_path %}    token_path={{ token_path }},
{% else %}    # outside Colab: token_path="path/to/token.json",
{% endif %})
{% if digest.submissions %}client.sync()
for job in client.jobs:
    print(job.name, "from", job.submitted_by)
{% endif %}{% if digest.peers %}# %%
# Take away the # before those whom you know.
{% for item in digest.items %}{% if item.kind == "peer" %}# client.approve_peer_request({{ item.scientist_python }})
{% endif %}{% endfor %}{% endif %}
