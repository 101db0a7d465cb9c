"""What staff types into account pages."""

from django import forms

from facsweb.accounts.models import User


class AccountForm(forms.ModelForm):
    """A new account; its password is generated, never chosen by somebody else."""

    class Meta:
        model = User
        fields = ["name", "email", "is_staff"]
        help_texts = {
            "is_staff": "Staff opens no study by that alone; what a person sees is their role in a study."
        }
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}


class ActForm(forms.Form):
    """One act on an account."""

    act = forms.ChoiceField(choices=[(act, act) for act in ("deactivate", "reactivate", "reset_password")])
