import syft_client as sc

{% if not token_path -%}
# outside Colab, also give token_path="path/to/your/token.json"
{% endif -%}
client = sc.login_do(email={{ owner.python }}{% if token_path %}, token_path={{ token_path }}{% endif %})
client.approve_peer_request({{ scientist.python }})
# %%
client.reject_peer_request({{ scientist.python }})
