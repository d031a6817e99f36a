"""The shipped providers, and those of the installation's own file."""

from sending.queries import known_providers


def test_an_installations_own_file_adds_to_them(settings, tmp_path):
    shipped = known_providers.names()
    assert shipped[-1] == "Other" and "Gmail" in shipped and len(shipped) == len(set(shipped))
    file = tmp_path / "providers.toml"
    file.write_text('[[provider]]\nname = "Partner"\nmx = [".partner.example"]\n')
    settings.RELAY_PROVIDERS = str(file)
    assert set(known_providers.names()) == {*shipped, "Partner"}


def test_a_file_that_cannot_be_read_stops_nothing(settings, tmp_path):
    settings.RELAY_PROVIDERS = str(tmp_path / "gone.toml")
    assert "Gmail" in known_providers.names()
    (tmp_path / "gone.toml").write_text("provider = nonsense")
    assert "Gmail" in known_providers.names()
