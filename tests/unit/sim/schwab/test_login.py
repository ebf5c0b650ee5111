"""Codes and tokens of the simulated Schwab."""

from __future__ import annotations

from tests.unit.sim.schwab.scene import CALLBACK, Scene


def exchanged(scene: Scene, code: str, callback: str = CALLBACK) -> int:
    status, _ = scene.tokens(grant_type="authorization_code", code=code, redirect_uri=callback)
    return int(status)


def test_a_code_gives_tokens_once_and_lives_half_a_minute() -> None:
    scene = Scene()
    code = scene.code()
    assert exchanged(scene, code) == 200
    assert exchanged(scene, code) == 400
    late = scene.code()
    scene.wait(seconds=30)
    assert exchanged(scene, late) == 400
    assert exchanged(scene, scene.code(), "https://elsewhere") == 400


def test_an_access_token_lives_half_an_hour_and_is_refreshed_for_seven_days_from_the_login() -> None:
    scene = Scene().log_in()
    _, given = scene.tokens(grant_type="authorization_code", code=scene.code(), redirect_uri=CALLBACK)
    assert (given["expires_in"], given["token_type"]) == (1800, "Bearer")
    assert scene.ask("GET", "/trader/v1/accounts/accountNumbers")[0] == 200
    scene.wait(seconds=1_800)
    assert scene.ask("GET", "/trader/v1/accounts/accountNumbers")[0] == 401
    refresh = given["refresh_token"]
    for days in range(1, 7):
        scene.wait(seconds=86_400)
        status, given = scene.tokens(grant_type="refresh_token", refresh_token=refresh)
        assert (status, given["refresh_token"]) == (200, refresh), days
    scene.wait(seconds=86_400)
    status, refused = scene.tokens(grant_type="refresh_token", refresh_token=refresh)
    assert (status, refused["error_description"]) == (400, "refresh token invalid")


def test_only_the_application_gets_tokens_and_codes() -> None:
    scene = Scene()
    assert scene.told("POST", "/v1/oauth/token", b"grant_type=refresh_token").status == 401
    assert scene.tokens(grant_type="password")[0] == 400
    assert scene.told("GET", "/v1/oauth/authorize?client_id=other&redirect_uri=x").status == 401
