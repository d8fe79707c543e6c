from packager.errors import PackageError, UsageError


def test_an_error_keeps_its_message_and_its_hint_apart():
    error = PackageError("the model is gone", "train it again")
    assert (error.message, error.hint, str(error)) == (
        "the model is gone",
        "train it again",
        "the model is gone",
    )


def test_a_hint_may_be_absent():
    assert PackageError("the model is gone").hint == ""


def test_what_a_user_wrote_wrong_ends_with_two_and_the_rest_with_one():
    assert (PackageError("x").exit_code, UsageError("x").exit_code) == (1, 2)
    assert issubclass(UsageError, PackageError)
