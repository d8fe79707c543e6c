"""Column names that indicate personal data, in several languages.

A name alone never decides (:mod:`packager.data.personal` examines the values too): ``phone`` may
count phones. Names are compared as joined words without accents: ``Nom de famille``,
``nomDeFamille`` and ``nom_de_famille`` are ``nomdefamille``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

MAX_WORDS = 4

NAMES: Mapping[str, frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in {
        "email": "email mail emailaddress mailaddress courriel correo correoelectronico epost "
        "eposta mejl posta почта",
        "phone": "phone telephone tel mobile cellphone cell fax msisdn gsm whatsapp phonenumber "
        "telefon telefonnummer handy handynummer mobil mobilnummer telefono telefone movil celular "
        "cellulare portable telefoon puhelin tlf телефон 電話 电话 手机 전화 전화번호",
        "person": "firstname lastname surname familyname givenname middlename maidenname fullname "
        "forename legalname realname customername clientname patientname employeename studentname "
        "contactname personname passengername membername ownername holdername cardholder "
        "accountholder doctorname physicianname teachername recipientname sendername "
        "vorname nachname familienname geburtsname zuname prenom prenoms nomdefamille "
        "nomcomplet nombres apellido apellidos nombrecompleto primernombre segundonombre cognome "
        "nomecompleto sobrenome primeironome voornaam achternaam imie nazwisko jmeno prijmeni "
        "fornavn etternavn efternavn fornamn efternamn etunimi sukunimi keresztnev vezeteknev "
        "prenume soyad soyadi isim adsoyad имя фамилия отчество фио ονομα επωνυμο 姓名 氏名 名前 "
        "姓 名 이름 성명",
        "name": "name names person customer client patient employee student passenger author "
        "contact nom nombre nome naam namn navn nimi nazwa nume ad",
        "address": "address addr street streetaddress addressline addressline1 homeaddress "
        "mailingaddress postaladdress billingaddress shippingaddress residence adresse strasse "
        "anschrift wohnort rue direccion domicilio calle indirizzo via endereco rua adres straat "
        "ulica adresa adress gata osoite cim улица адрес 住所 地址 주소",
        "birth": "birthdate dateofbirth dob birthday birthdt borndate dateborn born geburtsdatum "
        "geburtstag gebdatum datenaissance datedenaissance naissance fechanacimiento "
        "fechadenacimiento datanascimento datadenascimento datanascita datadinascita "
        "geboortedatum dataurodzenia fodselsdato fodelsedatum syntymaaika датарождения 生年月日 "
        "出生日期 생년월일",
        "id": "ssn socialsecurity socialsecuritynumber passport passportnumber passportno "
        "nationalid nationalidnumber nino nationalinsurance nationalinsurancenumber sin tin taxid "
        "taxnumber pesel cpf dni nif nie bsn personnummer personalnumber personalid steuerid "
        "steuernummer sozialversicherungsnummer ausweisnummer nir numsecu codicefiscale rodnecislo "
        "aadhaar aadhar pannumber curp rut cedula driverslicense driverlicense "
        "driverslicensenumber licensenumber insurancenumber medicalrecordnumber mrn снилс инн "
        "паспорт 身份证 身份证号 マイナンバー 주민등록번호",
    }.items()
}
_LAST_WORDS = """
count counts num total length len size type kind flag known valid verified origin code hash status
category score domain provider language lang gender sex country city state region zone area opens
clicks sent model brand calls minutes usage plan rate ratio share year month age class group level
rank days hours price cost title
"""
KANA_MARKS = "\u3099\u309a"
NOT_PERSONAL_ENDINGS = frozenset(_LAST_WORDS.split())
"""Last words that change the meaning of a name: ``email_domain``, ``phone_model``."""


def kinds_named(name: str) -> frozenset[str]:
    """The kinds of ``NAMES`` that match one to four consecutive words of a column's ``name``."""
    words = _words(name)
    if not words or words[-1] in NOT_PERSONAL_ENDINGS:
        return frozenset()
    joined = {
        "".join(words[start : start + size])
        for size in range(1, MAX_WORDS + 1)
        for start in range(len(words) - size + 1)
    }
    return frozenset(kind for kind, known in NAMES.items() if joined & known)


def _words(name: str) -> list[str]:
    """Words in lower case without accents (voiced kana stay); digits, punctuation separate them."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", apart)
    bare = "".join(one for one in plain if one in KANA_MARKS or not unicodedata.combining(one))
    composed = unicodedata.normalize("NFC", bare.casefold().replace("e-mail", "email"))
    return [word for word in re.split(r"[\W\d_]+", composed) if word]
