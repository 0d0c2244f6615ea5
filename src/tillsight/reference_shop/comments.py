"""What customers of the reference shop write about returns, in their languages, and what is planted in it."""

from __future__ import annotations

LANGUAGES = ("en", "de", "fr", "nl")

OPENINGS: dict[str, tuple[str, ...]] = {
    "en": ("", "Unfortunately not for me. ", "I am sending it back. ", "Sorry. "),
    "de": ("", "Leider geht es zurück. ", "Ich schicke es zurück. ", "Sehr geehrte Damen und Herren, "),
    "fr": ("", "Je le renvoie. ", "Bonjour, ", "Malheureusement je le retourne. "),
    "nl": ("", "Helaas gaat het terug. ", "Ik stuur het terug. ", "Jammer. "),
}
TEXTS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "too_small": (
            "Much too tight, I need one size up.",
            "Too small at the shoulders.",
            "Runs small, could not close it.",
        ),
        "too_large": ("Too wide for me.", "Falls larger than I am used to.", "A size smaller would fit."),
        "wrong_size_ordered": ("Ordered the wrong size by mistake.", "My mistake, wrong size."),
        "colour_not_as_expected": (
            "The colour is darker than in the photo.",
            "The colour looks different in daylight.",
            "The colour is not what I saw.",
        ),
        "style_different": ("The cut differs from the picture.", "It is not my style after all."),
        "material_concerns": ("The fabric is scratchy.", "The fabric is thinner than I expected."),
        "not_as_described": ("It is smaller than the description says.", "It is not what the page promised."),
        "no_longer_needed": ("I changed my mind.", "It is no longer needed.", "I ordered two to choose from."),
        "found_better_price": ("I found it cheaper elsewhere.",),
        "wrong_item": ("I got another article.", "There was a wrong product in the parcel."),
        "late_delivery": ("It came too late for the birthday.", "It arrived a week late."),
        "material_quality": ("Poor quality for the price.", "The finish is uneven."),
        "wear_after_use": ("Worn out after a few days.", "It lost its shape in the first wash."),
        "damaged_on_arrival": ("Broken when I opened the parcel.", "The box was crushed and the piece chipped."),
        "manufacturing_defect": ("The handle came off.", "Cracked, clearly a defect.", "The seam has a hole."),
    },
    "de": {
        "too_small": (
            "Viel zu eng, ich brauche eine Nummer größer.",
            "Zu klein an den Schultern.",
            "Fällt klein aus, ich bekomme es nicht zu.",
        ),
        "too_large": ("Mir ist es zu weit.", "Fällt größer aus als gewohnt.", "Eine Nummer kleiner würde passen."),
        "wrong_size_ordered": ("Ich habe die falsche Größe bestellt.", "Mein Fehler, falsche Größe."),
        "colour_not_as_expected": (
            "Die Farbe ist dunkler als auf dem Foto.",
            "Die Farbe wirkt bei Tageslicht anders.",
            "Die Farbe ist nicht wie gezeigt.",
        ),
        "style_different": ("Der Schnitt ist anders als auf dem Bild.", "Es ist doch nicht mein Stil."),
        "material_concerns": ("Der Stoff kratzt.", "Der Stoff ist dünner als erwartet."),
        "not_as_described": ("Es ist kleiner als beschrieben.", "Es ist nicht wie auf der Seite versprochen."),
        "no_longer_needed": (
            "Ich habe es mir anders überlegt.",
            "Wird nicht mehr gebraucht.",
            "Zwei zur Auswahl bestellt.",
        ),
        "found_better_price": ("Ich habe es anderswo billiger gefunden.",),
        "wrong_item": ("Ich habe einen anderen Artikel bekommen.", "Im Paket war ein falsches Produkt."),
        "late_delivery": ("Es kam zu spät für den Geburtstag.", "Eine Woche zu spät geliefert."),
        "material_quality": ("Schlechte Qualität für den Preis.", "Die Verarbeitung ist ungleichmäßig."),
        "wear_after_use": ("Nach wenigen Tagen verschlissen.", "Nach der ersten Wäsche aus der Form."),
        "damaged_on_arrival": ("Beim Auspacken war es kaputt.", "Der Karton war zerdrückt und das Teil zerbrochen."),
        "manufacturing_defect": (
            "Der Griff ist abgefallen.",
            "Gerissen, eindeutig ein Mangel.",
            "Die Naht hat ein Loch.",
        ),
    },
    "fr": {
        "too_small": (
            "Beaucoup trop serré, il me faut une taille de plus.",
            "Trop petit aux épaules.",
            "Taille petit, je ne peux pas le fermer.",
        ),
        "too_large": ("C'est trop large pour moi.", "Taille plus grand que d'habitude.", "Une taille de moins irait."),
        "wrong_size_ordered": ("J'ai commandé la mauvaise taille.", "Mon erreur, mauvaise taille."),
        "colour_not_as_expected": (
            "La couleur est plus foncée que sur la photo.",
            "La couleur est différente à la lumière du jour.",
            "La couleur n'est pas celle que j'ai vue.",
        ),
        "style_different": ("La coupe est différente de la photo.", "Ce n'est pas mon style."),
        "material_concerns": ("Le tissu gratte.", "Le tissu est plus fin que prévu."),
        "not_as_described": ("C'est plus petit que la description.", "Ce n'est pas ce que la page promettait."),
        "no_longer_needed": ("J'ai changé d'avis.", "Je n'en ai plus besoin.", "J'en ai commandé deux pour choisir."),
        "found_better_price": ("Je l'ai trouvé moins cher ailleurs.",),
        "wrong_item": ("J'ai reçu un autre article.", "Il y avait un mauvais produit dans le colis."),
        "late_delivery": ("Arrivé trop tard pour l'anniversaire.", "Livré avec une semaine de retard."),
        "material_quality": ("Mauvaise qualité pour le prix.", "La finition est irrégulière."),
        "wear_after_use": ("Usé après quelques jours.", "Déformé après le premier lavage."),
        "damaged_on_arrival": ("Cassé à l'ouverture du colis.", "Le carton était écrasé et la pièce ébréchée."),
        "manufacturing_defect": ("La poignée est tombée.", "Fissuré, c'est un défaut.", "La couture a un trou."),
    },
    "nl": {
        "too_small": (
            "Veel te krap, ik heb een maat groter nodig.",
            "Te klein bij de schouders.",
            "Valt klein, ik krijg het niet dicht.",
        ),
        "too_large": ("Het is te wijd voor mij.", "Valt groter dan ik gewend ben.", "Een maat kleiner zou passen."),
        "wrong_size_ordered": ("Ik heb de verkeerde maat besteld.", "Mijn fout, verkeerde maat."),
        "colour_not_as_expected": (
            "De kleur is donkerder dan op de foto.",
            "De kleur is anders bij daglicht.",
            "De kleur is niet wat ik zag.",
        ),
        "style_different": ("De snit is anders dan op de foto.", "Het is toch niet mijn stijl."),
        "material_concerns": ("De stof kriebelt.", "De stof is dunner dan verwacht."),
        "not_as_described": ("Het is kleiner dan beschreven.", "Het is niet wat de pagina beloofde."),
        "no_longer_needed": ("Ik heb me bedacht.", "Het is niet meer nodig.", "Ik had er twee besteld om te kiezen."),
        "found_better_price": ("Ik vond het elders goedkoper.",),
        "wrong_item": ("Ik kreeg een ander artikel.", "Er zat een verkeerd product in het pakket."),
        "late_delivery": ("Het kwam te laat voor de verjaardag.", "Een week te laat geleverd."),
        "material_quality": ("Slechte kwaliteit voor de prijs.", "De afwerking is ongelijk."),
        "wear_after_use": ("Na een paar dagen versleten.", "Uit vorm na de eerste was."),
        "damaged_on_arrival": ("Kapot toen ik het pakket opende.", "De doos was geplet en het stuk gebroken."),
        "manufacturing_defect": ("Het handvat liet los.", "Gebarsten, duidelijk een defect.", "De naad heeft een gat."),
    },
}
SMELL = "smell"
COATING = "coating"
THEMES: dict[str, dict[str, tuple[str, ...]]] = {
    SMELL: {
        "en": ("The smell is far too strong and gives me a headache.", "It has a chemical smell.", "Strong chemical smell."),
        "de": ("Der Geruch ist zu stark, ich bekomme Kopfweh.", "Riecht chemisch, starker Geruch.", "Der chemische Geruch macht Kopfweh."),
        "fr": ("L'odeur est beaucoup trop forte et donne mal à la tête.", "Une odeur chimique très forte.", "Odeur chimique trop forte."),
        "nl": ("De geur is veel te sterk en geeft hoofdpijn.", "Het heeft een chemische geur.", "Een sterke chemische geur."),
    },
    COATING: {
        "en": ("The coating is peeling off.", "After one use the coating flakes off.", "The coating came off in flakes."),
        "de": ("Die Beschichtung blättert ab.", "Nach einmal Benutzen löst sich die Beschichtung.", "Die Beschichtung platzt ab."),
        "fr": ("Le revêtement se décolle.", "Après un usage le revêtement s'écaille.", "Le revêtement part en écailles."),
        "nl": ("De coating laat los.", "Na één keer gebruiken bladdert de coating af.", "De coating schilfert af."),
    },
}  # fmt: skip
"""Themes that are planted, and what they are called in each language."""
